//! The events as `events.parquet`: the members of a line as columns, for whoever asks them questions.

use std::{
    fs::File,
    io::{self, Write},
    sync::Arc,
};

use chrono::DateTime;
use parquet::{
    basic::Compression,
    column::{reader::ColumnReaderImpl, reader::get_typed_column_reader},
    data_type::{
        AsBytes, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
        Int64Type,
    },
    errors::{ParquetError, Result},
    file::{
        properties::WriterProperties,
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::{
        parser::parse_message_type,
        types::{ColumnPath, TypePtr},
    },
};
use uuid::Uuid;

use super::{
    COLUMNS,
    manifest::{Adding, Sum},
};
use crate::{checker::Checker, finding::Finding, leaf::Record, merkle::Hash};

/// The columns have the names and the order of the members of a line.
const SCHEMA: &str = "message events {
    REQUIRED INT64 position;
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) event_id (UUID);
    REQUIRED BYTE_ARRAY aggregate_type (STRING);
    REQUIRED BYTE_ARRAY aggregate_id (STRING);
    REQUIRED INT64 sequence;
    REQUIRED BYTE_ARRAY event_type (STRING);
    REQUIRED BYTE_ARRAY event_version (STRING);
    REQUIRED BYTE_ARRAY payload (STRING);
    REQUIRED BYTE_ARRAY metadata (STRING);
    REQUIRED INT64 recorded_at (TIMESTAMP(MICROS,true));
    REQUIRED BYTE_ARRAY leaf_hash (STRING);
}";

/// Which of a row's values of its kind stands in a column.
#[derive(Clone, Copy)]
enum Kind {
    Number(usize),
    Id,
    Text(usize),
}

/// Of every column, in order. Numbers: position, sequence, time. Texts: in the order of the columns.
const KINDS: [Kind; 11] = [
    Kind::Number(0),
    Kind::Id,
    Kind::Text(0),
    Kind::Text(1),
    Kind::Number(1),
    Kind::Text(2),
    Kind::Text(3),
    Kind::Text(4),
    Kind::Text(5),
    Kind::Number(2),
    Kind::Text(6),
];
const NUMBERS: usize = 3;
const TEXTS: usize = 7;

/// Columns in which hardly any value comes twice: a dictionary of them would be as long as they are.
const UNLIKE: [&str; 5] = ["position", "event_id", "payload", "metadata", "leaf_hash"];

/// A row group has at most so many events,
const ROWS: usize = 65_536;
/// and hardly more than so many bytes of text: what is held in memory.
const TEXT_BYTES: usize = 16 << 20;
/// How many rows are read at once.
const BATCH: usize = 4096;

/// Some rows by columns.
#[derive(Default)]
struct Rows {
    numbers: [Vec<i64>; NUMBERS],
    ids: Vec<FixedLenByteArray>,
    texts: [Vec<ByteArray>; TEXTS],
    text_bytes: usize,
}

impl Rows {
    fn push(&mut self, record: &Record<'_>, leaf_hash: &Hash) {
        let numbers = [
            record.position.cast_signed(),
            record.sequence.cast_signed(),
            record.recorded_at.timestamp_micros(),
        ];
        let leaf_hash = hex::encode(leaf_hash);
        let texts = [
            record.aggregate_type,
            record.aggregate_id,
            record.event_type,
            record.event_version,
            record.payload,
            record.metadata,
            &leaf_hash,
        ];
        for (column, number) in self.numbers.iter_mut().zip(numbers) {
            column.push(number);
        }
        self.ids.push(record.event_id.as_bytes().to_vec().into());
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(text.into());
            self.text_bytes += text.len();
        }
    }

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn is_group(&self) -> bool {
        self.len() >= ROWS || self.text_bytes >= TEXT_BYTES
    }

    fn write<W: Write + Send>(&self, mut group: SerializedRowGroupWriter<'_, W>) -> Result<()> {
        for kind in KINDS {
            let mut column = group.next_column()?.ok_or_else(|| {
                ParquetError::General("the schema has too few columns".to_owned())
            })?;
            match kind {
                Kind::Number(nth) => {
                    column
                        .typed::<Int64Type>()
                        .write_batch(&self.numbers[nth], None, None)?
                }
                Kind::Id => column
                    .typed::<FixedLenByteArrayType>()
                    .write_batch(&self.ids, None, None)?,
                Kind::Text(nth) => {
                    column
                        .typed::<ByteArrayType>()
                        .write_batch(&self.texts[nth], None, None)?
                }
            };
            column.close()?;
        }
        group.close().map(drop)
    }

    /// The events with what their hashes are said to be.
    ///
    /// # Errors
    /// Says what is wrong with a value.
    fn record(&self, row: usize) -> std::result::Result<(Record<'_>, Hash), String> {
        let text = |nth: usize| {
            let bytes = self.texts[nth][row].as_bytes();
            std::str::from_utf8(bytes).map_err(|_| "holds a text that is not UTF-8".to_owned())
        };
        let number = |nth: usize| self.numbers[nth][row];
        let mut leaf_hash = Hash::default();
        hex::decode_to_slice(text(6)?, &mut leaf_hash)
            .map_err(|_| "has a leaf hash that is none".to_owned())?;
        let record = Record {
            position: number(0).cast_unsigned(),
            event_id: Uuid::from_slice(self.ids[row].as_bytes())
                .map_err(|error| error.to_string())?,
            aggregate_type: text(0)?,
            aggregate_id: text(1)?,
            sequence: number(1).cast_unsigned(),
            event_type: text(2)?,
            event_version: text(3)?,
            payload: text(4)?,
            metadata: text(5)?,
            recorded_at: DateTime::from_timestamp_micros(number(2))
                .ok_or("has a time that is none")?,
        };
        Ok((record, leaf_hash))
    }
}

fn schema() -> Result<TypePtr> {
    parse_message_type(SCHEMA).map(Arc::new)
}

/// A file that adds up what is written to it.
struct Summing {
    file: File,
    adding: Adding,
}

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.adding.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes the file, a group of rows after the other.
pub(super) struct Writing {
    writer: SerializedFileWriter<Summing>,
    rows: Rows,
}

impl Writing {
    /// Into an empty file.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let mut properties = WriterProperties::builder()
            .set_created_by("ava".to_owned())
            .set_compression(Compression::SNAPPY);
        for column in UNLIKE {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }
        let summing = Summing {
            file,
            adding: Adding::default(),
        };
        let properties = Arc::new(properties.build());
        let writer = schema()
            .and_then(|schema| SerializedFileWriter::new(summing, schema, properties))
            .map_err(io::Error::other)?;
        Ok(Self {
            writer,
            rows: Rows::default(),
        })
    }

    pub(super) fn add(&mut self, record: &Record<'_>, leaf_hash: &Hash) -> io::Result<()> {
        self.rows.push(record, leaf_hash);
        if self.rows.is_group() {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let group = self.writer.next_row_group();
        group
            .and_then(|group| rows.write(group))
            .map_err(io::Error::other)
    }

    /// Once everything was added: the file's length and hash.
    pub(super) fn finish(mut self) -> io::Result<Sum> {
        if self.rows.len() > 0 {
            self.write_group()?;
        }
        let Summing { file, adding } = self.writer.into_inner().map_err(io::Error::other)?;
        file.sync_all()?;
        Ok(adding.sum())
    }
}

/// Lets a checker take the file's events, of which there may be `size`. That it is the file that the manifest names
/// has to be known already: a damaged one may be read as anything.
///
/// # Errors
/// When it cannot be read, has other columns, or an event does not fit.
pub(super) fn take(
    file: File,
    checker: &mut Checker,
    size: u64,
    mut progress: impl FnMut(u64),
) -> std::result::Result<(), Finding> {
    let unreadable =
        |error: ParquetError| Finding::file(COLUMNS, format!("cannot be read ({error})"));
    let reader = SerializedFileReader::new(file).map_err(unreadable)?;
    let schema = schema().map_err(unreadable)?;
    if reader.metadata().file_metadata().schema() != &*schema {
        return Err(Finding::file(COLUMNS, "has other columns than it should"));
    }
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(unreadable)?;
        let mut columns = Reading::of(&*group).map_err(unreadable)?;
        loop {
            let rows = columns.rows().map_err(unreadable)?;
            if rows.len() == 0 {
                break;
            }
            for row in 0..rows.len() {
                let (record, leaf_hash) = rows
                    .record(row)
                    .map_err(|what| Finding::position(checker.size() + 1, what))?;
                if checker.size() == size {
                    let what = format!("there should be only {size} events");
                    return Err(Finding::position(size + 1, what));
                }
                checker.take(&record, Some(&leaf_hash))?;
            }
            checker.additions();
            progress(checker.size());
        }
    }
    Ok(())
}

/// The columns of a group, on their way through it.
struct Reading(Vec<Column>);

enum Column {
    Number(usize, ColumnReaderImpl<Int64Type>),
    Id(ColumnReaderImpl<FixedLenByteArrayType>),
    Text(usize, ColumnReaderImpl<ByteArrayType>),
}

impl Reading {
    fn of(group: &dyn RowGroupReader) -> Result<Self> {
        let column = |(nth, kind): (usize, &Kind)| {
            let reader = group.get_column_reader(nth)?;
            Ok(match kind {
                Kind::Number(nth) => Column::Number(*nth, get_typed_column_reader(reader)),
                Kind::Id => Column::Id(get_typed_column_reader(reader)),
                Kind::Text(nth) => Column::Text(*nth, get_typed_column_reader(reader)),
            })
        };
        KINDS
            .iter()
            .enumerate()
            .map(column)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The next rows; none at the end.
    fn rows(&mut self) -> Result<Rows> {
        let mut rows = Rows::default();
        for column in &mut self.0 {
            match column {
                Column::Number(nth, reader) => read(reader, &mut rows.numbers[*nth])?,
                Column::Id(reader) => read(reader, &mut rows.ids)?,
                Column::Text(nth, reader) => read(reader, &mut rows.texts[*nth])?,
            }
        }
        let many = rows.len();
        let numbers = rows.numbers.iter().map(Vec::len);
        if numbers
            .chain(rows.texts.iter().map(Vec::len))
            .any(|len| len != many)
        {
            return Err(ParquetError::General(
                "its columns are of unequal length".to_owned(),
            ));
        }
        Ok(rows)
    }
}

fn read<T: DataType>(reader: &mut ColumnReaderImpl<T>, values: &mut Vec<T::T>) -> Result<()> {
    reader.read_records(BATCH, None, None, values).map(drop)
}
