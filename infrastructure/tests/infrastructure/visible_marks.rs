//! The badge on pictures as providers draw them: always found where it is, never seen where it is not.

use application::ports::PictureInspector;
use image::{DynamicImage, codecs::jpeg::JpegEncoder, imageops::FilterType, load_from_memory};
use provenance::Marker;
use sandbox::portrait::{self, Format, Order};

const PEOPLE: [&str; 5] = [
    "adult woman, age 25, French, long auburn hair, at a café in Paris",
    "adult man, age 41, Japanese, short black hair, beard, in a garden, evening",
    "adult woman, age 33, Nigerian, curly hair, on a beach in bright sun",
    "adult person, age 58, Swedish, white hair, in the snow",
    "adult woman, age 29, Indian, braided hair, in a library at night",
];

const SIZES: [(u32, u32); 3] = [(1024, 1024), (768, 1344), (1344, 768)];

fn portraits() -> impl Iterator<Item = (String, Vec<u8>)> {
    PEOPLE.iter().flat_map(|person| {
        SIZES
            .into_iter()
            .zip(1..)
            .map(move |((width, height), variation)| {
                let order = Order {
                    prompt: (*person).to_owned(),
                    variation,
                    width,
                    height,
                    format: Format::Jpeg,
                };
                let drawn = portrait::draw(&order).unwrap();
                (format!("{person}, {width} × {height}"), drawn.to_vec())
            })
    })
}

fn jpeg(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 75);
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

#[tokio::test]
async fn badges_of_portraits_are_found_also_at_half_the_size_and_nothing_is_taken_for_one() {
    let marker = Marker::new();
    for (name, drawn) in portraits() {
        let is_seen = async |bytes: Vec<u8>| marker.inspect(bytes.into()).await.unwrap().visible;
        assert!(!is_seen(drawn.clone()).await, "there is none on {name}");

        let finished = provenance::finish(&drawn).unwrap();
        let marked = load_from_memory(&finished.full).unwrap();
        let half = marked.resize(
            marked.width() / 2,
            marked.height() / 2,
            FilterType::Lanczos3,
        );
        for (change, bytes) in [
            ("as delivered", finished.full.to_vec()),
            ("its thumbnail", finished.thumbnail.to_vec()),
            ("q75", jpeg(&marked)),
            ("half, q75", jpeg(&half)),
        ] {
            assert!(is_seen(bytes).await, "{name}: {change}");
        }
    }
}
