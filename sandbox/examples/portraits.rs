//! Draws the portraits of a few people into a folder: `cargo run --example portraits -- /tmp/portraits`.

use std::path::PathBuf;
use std::time::Instant;

use image::imageops::FilterType;
use sandbox::portrait::{Format, Order, draw};

/// The side of one portrait on the sheet with all of them, in pixels.
const TILE: u32 = 440;

const PEOPLE: [(&str, &str); 12] = [
    (
        "camille",
        "Portrait photograph of an adult woman, 25 years old, French. Appearance: long wavy chestnut hair, green eyes, light freckles. Head and shoulders, facing the camera, soft even light, plain background. adult, age 25, fully clothed.",
    ),
    (
        "camille-beach",
        "Photograph of an adult woman, 25 years old, French. Appearance: long wavy chestnut hair, green eyes, light freckles. Scene: at the beach at sunset, wearing a white linen shirt, smiling. Half-length view, natural light, same face as in the reference picture. adult, age 25, fully clothed.",
    ),
    (
        "kenji",
        "Photograph of an adult man, 31 years old, Japanese. Appearance: short black hair, glasses, calm smile. Scene: reading in a library, wearing a navy sweater. Half-length view. adult, age 31, fully clothed.",
    ),
    (
        "amara",
        "Photograph of an adult woman, 28 years old, Nigerian. Appearance: natural coily hair, dark brown eyes, warm smile. Scene: in a garden, yellow dress. adult, age 28, fully clothed.",
    ),
    (
        "lars",
        "Photograph of an adult man, 38 years old, Norwegian. Appearance: short blond hair, blue eyes, full beard. Scene: in the mountains, green jacket. adult, age 38, fully clothed.",
    ),
    (
        "sofia",
        "Photograph of an adult woman, 33 years old, Spanish. Appearance: black hair in a bun, brown eyes, laughing. Scene: city at night, red dress. adult, age 33, fully clothed.",
    ),
    (
        "maeve",
        "Photograph of an adult woman, 24 years old, Irish. Appearance: shoulder-length straight red hair with bangs, blue eyes, freckles. Scene: in a café, grey turtleneck. adult, age 24, fully clothed.",
    ),
    (
        "priya",
        "Photograph of an adult woman, 29 years old, Indian. Appearance: long straight black hair, brown eyes. Scene: walking in the rain in the city, wearing a coat. adult, age 29, fully clothed.",
    ),
    (
        "marcus",
        "Photograph of an adult man, 35 years old, South African. Appearance: cropped black hair, short beard, dark skin. Scene: at home on the sofa, blue shirt. adult, age 35, fully clothed.",
    ),
    (
        "yuna",
        "Photograph of an adult woman, 26 years old, Korean. Appearance: short black bob, dark eyes. Scene: in a snowy forest with a scarf. adult, age 26, fully clothed.",
    ),
    (
        "robin",
        "Photograph of an adult non-binary person, 27 years old, Dutch. Appearance: curly blond hair, grey eyes, glasses. Scene: by the lake in the morning, hoodie. adult, age 27, fully clothed.",
    ),
    (
        "helen",
        "Photograph of an adult woman, 58 years old, English. Appearance: silver chin-length hair, blue eyes, elegant. Scene: forest walk, burgundy blazer. adult, age 58, fully clothed.",
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "portraits".to_owned()),
    );
    std::fs::create_dir_all(&folder)?;
    let mut sheet = image::RgbImage::new(4 * TILE, 3 * TILE);
    for (index, (name, prompt)) in (0..).zip(PEOPLE) {
        let begin = Instant::now();
        let order = Order {
            prompt: prompt.to_owned(),
            variation: 0,
            width: 1024,
            height: 1024,
            format: Format::Png,
        };
        let picture = draw(&order)?;
        std::fs::write(folder.join(format!("{name}.png")), &picture)?;
        let tile = image::load_from_memory(&picture)?
            .resize(TILE, TILE, FilterType::CatmullRom)
            .to_rgb8();
        image::imageops::overlay(
            &mut sheet,
            &tile,
            index % 4 * i64::from(TILE),
            index / 4 * i64::from(TILE),
        );
        println!(
            "{name}: {} kB in {} ms",
            picture.len() / 1024,
            begin.elapsed().as_millis()
        );
    }
    sheet.save(folder.join("all.png"))?;
    Ok(())
}
