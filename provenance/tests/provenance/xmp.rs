//! XMP, written by us and read by ExifTool, and the other way round.

use std::{fs, io::Cursor, path::Path, process::Command};

use application::ports::PictureInspector;
use image::{DynamicImage, ImageFormat};
use provenance::{Marker, TRAINED_ALGORITHMIC_MEDIA};

use crate::scenes;

const URI: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/";

/// ExifTool by Phil Harvey, with these arguments; none where it is not installed.
fn exiftool(arguments: &[&str], file: &Path) -> Option<String> {
    let Ok(output) = Command::new("exiftool").args(arguments).arg(file).output() else {
        eprintln!(
            "SKIPPED: exiftool is missing, so that our XMP was NOT compared with what others read. \
             Install it (Debian: libimage-exiftool-perl) and run this test again."
        );
        return None;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(said)
}

fn file(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn scene() -> DynamicImage {
    scenes::all(400, 300, 3).swap_remove(1).1
}

#[test]
fn exiftool_reads_the_source_type_of_picture_and_thumbnail_and_nothing_about_anybody() {
    let finished = provenance::finish(&encoded(&scene(), ImageFormat::Png)).unwrap();
    for (name, bytes) in [
        ("xmp-full.jpg", &finished.full),
        ("xmp-thumbnail.jpg", &finished.thumbnail),
    ] {
        let path = file(name, bytes);
        let Some(said) = exiftool(&["-s3", "-n", "-XMP-iptcExt:DigitalSourceType"], &path) else {
            return;
        };
        assert_eq!(said.trim(), format!("{URI}{TRAINED_ALGORITHMIC_MEDIA}"));
        let warnings = exiftool(&["-validate", "-warning", "-a", "-s3"], &path).unwrap();
        assert!(!warnings.contains("Error"), "{warnings}");

        let everything = exiftool(
            &["-a", "-G1", "-s", "--System:all", "--ExifTool:all"],
            &path,
        )
        .unwrap();
        let groups: Vec<&str> = everything
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.split_once(']'))
            .map(|(group, _)| group.trim())
            .filter(|group| !["File", "JFIF", "Composite"].contains(group))
            .collect();
        assert_eq!(groups, ["XMP-iptcExt"], "{everything}");
    }
}

#[tokio::test]
async fn the_source_type_is_read_from_whatever_exiftool_writes() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let name = format!("xmp-written.{}", format.extensions_str()[0]);
        let path = file(&name, &encoded(&scene(), format));
        for term in [TRAINED_ALGORITHMIC_MEDIA, "digitalCapture"] {
            let write = format!("-XMP-iptcExt:DigitalSourceType={URI}{term}");
            if exiftool(&["-overwrite_original", "-q", "-n", &write], &path).is_none() {
                return;
            }
            let bytes = fs::read(&path).unwrap();
            assert_eq!(
                provenance::digital_source_type(&bytes).as_deref(),
                Some(term),
                "{name}"
            );
            let marks = Marker::new().inspect(bytes.into()).await.unwrap();
            assert_eq!(marks.xmp.as_deref(), Some(term));
        }
    }
}

#[test]
fn a_picture_without_xmp_names_no_source_type() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let bytes = encoded(&scene(), format);
        assert_eq!(provenance::digital_source_type(&bytes), None);
    }
    assert_eq!(provenance::digital_source_type(b"no picture"), None);
}
