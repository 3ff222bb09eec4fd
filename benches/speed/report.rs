//! What was measured, as a table on standard output and as docs/PERFORMANCE.md.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// A ratio to what stands beside it.
    Times,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Millions of bytes.
    Megabytes,
    /// Thousands a second.
    ThousandsASecond,
}

impl Unit {
    /// A figure with its unit, as `6.21×`.
    pub fn told(self, figure: f64) -> String {
        match self {
            Self::Times => format!("{figure:.2}×"),
            Self::Milliseconds => format!("{figure:.1} ms"),
            Self::Seconds => format!("{figure:.2} s"),
            Self::Megabytes => format!("{figure:.1} MB"),
            Self::ThousandsASecond => format!("{figure:.0} k/s"),
        }
    }
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    /// That, or more.
    AtLeast(f64),
    /// That, or less.
    AtMost(f64),
    /// Nothing; it is there to be known.
    None,
}

impl Goal {
    fn told(self, unit: Unit) -> String {
        let bound = |sign: &str, figure: f64| match unit {
            Unit::Times => format!("{sign} {figure}×"),
            Unit::Milliseconds => format!("{sign} {figure} ms"),
            Unit::Seconds => format!("{sign} {figure} s"),
            Unit::Megabytes => format!("{sign} {figure} MB"),
            Unit::ThousandsASecond => format!("{sign} {figure} k/s"),
        };
        match self {
            Self::AtLeast(figure) => bound("≥", figure),
            Self::AtMost(figure) => bound("≤", figure),
            Self::None => "none".to_owned(),
        }
    }

    fn verdict(self, figure: f64) -> &'static str {
        match self {
            Self::AtLeast(bound) if figure >= bound => "met",
            Self::AtMost(bound) if figure <= bound => "met",
            Self::AtLeast(_) | Self::AtMost(_) => "**not met**",
            Self::None => "–",
        }
    }
}

/// The figure that a goal is about, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Figure {
    /// That is it.
    Measured(f64),
    /// There is none, for this reason.
    NotMeasured(String),
}

/// One goal, and how it was met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What it gave, in words.
    pub measured: String,
    /// What stood beside it, and what that gave.
    pub against: String,
    /// What the figure is measured in.
    pub unit: Unit,
    /// What the figure should be.
    pub goal: Goal,
    /// The figure.
    pub figure: Figure,
}

impl Row {
    /// A ratio of ours to theirs, both told in words.
    pub fn ratio(
        what: impl Into<String>,
        (measured, ours): (String, f64),
        (against, theirs): (String, f64),
        goal: Goal,
    ) -> Self {
        Self {
            what: what.into(),
            measured,
            against,
            unit: Unit::Times,
            goal,
            figure: Figure::Measured(ours / theirs),
        }
    }

    /// An amount that stands for itself.
    pub fn amount(
        what: impl Into<String>,
        measured: impl Into<String>,
        (figure, unit): (f64, Unit),
        goal: Goal,
    ) -> Self {
        Self {
            what: what.into(),
            measured: measured.into(),
            against: String::new(),
            unit,
            goal,
            figure: Figure::Measured(figure),
        }
    }

    /// A goal for which there is no figure.
    pub fn not_measured(what: impl Into<String>, unit: Unit, goal: Goal, why: &str) -> Self {
        Self {
            what: what.into(),
            measured: String::new(),
            against: String::new(),
            unit,
            goal,
            figure: Figure::NotMeasured(why.to_owned()),
        }
    }

    fn cells(&self) -> Vec<String> {
        let (figure, verdict) = match &self.figure {
            Figure::Measured(figure) => (self.unit.told(*figure), self.goal.verdict(*figure)),
            Figure::NotMeasured(why) => (format!("not measured: {why}"), "–"),
        };
        let goal = self.goal.told(self.unit);
        let told = [&self.what, &self.measured, &self.against].map(Clone::clone);
        told.into_iter()
            .chain([goal, figure, verdict.to_owned()])
            .collect()
    }
}

const HEAD: [&str; 6] = ["what", "measured", "against", "goal", "figure", ""];

/// Figures that are there to be known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The names of its columns.
    pub head: Vec<String>,
    /// Its lines.
    pub lines: Vec<Vec<String>>,
}

impl Table {
    /// Without lines yet.
    pub fn new(caption: impl Into<String>, head: &[&str]) -> Self {
        Self {
            caption: caption.into(),
            head: head.iter().map(|&name| name.to_owned()).collect(),
            lines: Vec::new(),
        }
    }
}

/// What one section measured, as it is kept between runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What the section is about.
    pub title: String,
    /// How it measures.
    pub how: String,
    /// Its goals.
    pub rows: Vec<Row>,
    /// Everything else.
    pub tables: Vec<Table>,
}

impl Measured {
    /// Nothing measured yet.
    pub fn new(title: &str, how: impl Into<String>) -> Self {
        Self {
            title: title.to_owned(),
            how: how.into(),
            rows: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// As text for a terminal.
    pub fn print(&self) {
        println!("\n{}", self.title);
        let rows: Vec<Vec<String>> = self.rows.iter().map(Row::cells).collect();
        if !rows.is_empty() {
            print_aligned(&HEAD.map(str::to_owned), &rows);
        }
        for table in &self.tables {
            println!("\n  {}", table.caption);
            print_aligned(&table.head, &table.lines);
        }
    }
}

/// A section's result with when it came to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// When it was measured, as `2030-01-01 12:00 UTC`.
    pub taken: String,
    /// How long that took, in seconds.
    pub seconds: f64,
    /// What it gave.
    pub measured: Measured,
    /// What somebody found out about it; never kept, so that it can be rewritten without measuring again.
    #[serde(skip)]
    pub note: Option<String>,
}

impl Kept {
    fn markdown(&self) -> String {
        let Measured {
            title,
            how,
            rows,
            tables,
        } = &self.measured;
        let (taken, seconds) = (&self.taken, self.seconds);
        let mut text = format!("\n### {title}\n\n{how}\n\nMeasured {taken} in {seconds:.0} s.\n");
        if !rows.is_empty() {
            text += &markdown_table(&HEAD.map(str::to_owned), rows.iter().map(Row::cells));
        }
        for table in tables {
            text += &format!("\n{}:\n", table.caption);
            text += &markdown_table(&table.head, table.lines.iter().cloned());
        }
        if let Some(note) = &self.note {
            text += &format!("\n{}\n", note.trim());
        }
        text
    }
}

/// Writes the document.
///
/// # Errors
/// When the file cannot be written.
pub fn write(file: &Path, preface: &str, sections: &[Kept]) -> anyhow::Result<()> {
    let rows = sections
        .iter()
        .flat_map(|kept| kept.measured.rows.iter())
        .filter(|row| row.goal != Goal::None);
    let mut text = format!("{preface}\n## The goals\n");
    text += &markdown_table(&HEAD.map(str::to_owned), rows.map(Row::cells));
    text += "\n## Section by section\n";
    for kept in sections {
        text += &kept.markdown();
    }
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    Ok(fs::write(file, text)?)
}

fn markdown_table(head: &[String], lines: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = format!("\n{}|{}\n", line(head), "---|".repeat(head.len()));
    for cells in lines {
        text += &line(&cells);
    }
    text
}

fn print_aligned(head: &[String], lines: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        let widest = cells
            .chain(head.get(column))
            .map(|cell| cell.chars().count());
        widest.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for line in std::iter::once(head).chain(lines.iter().map(Vec::as_slice)) {
        let cells = line.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        println!("  {}", padded.join("  ").trim_end());
    }
}
