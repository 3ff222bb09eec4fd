//! What each model is asked for.
//!
//! `disable_safety_checker` is never sent: Replicate's own check is the second of our two.

use application::ports::{PictureOrder, ProviderError};
use domain::values::PhotoId;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{config::ModelName, reference, refusal::unusable_input};

/// How a model takes its input, by what its page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dialect {
    /// Several pictures at a time, and no `safety_tolerance`: FLUX with open weights.
    open_weights: bool,
    /// Takes `aspect_ratio` and `safety_tolerance`, as FLUX's models do.
    flux: bool,
    /// Where the picture to follow goes; nowhere when it cannot follow one.
    reference: Option<ReferenceField>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReferenceField {
    /// One picture, under that name.
    One(&'static str),
    /// A list of pictures, under that name.
    List(&'static str),
}

fn dialect(model: &ModelName) -> Dialect {
    let name = model.name();
    let flux = |reference| Dialect {
        open_weights: false,
        flux: true,
        reference,
    };
    match name {
        "flux-schnell" | "flux-dev" => Dialect {
            open_weights: true,
            ..flux(None)
        },
        "instant-id" => Dialect {
            open_weights: false,
            flux: false,
            reference: Some(ReferenceField::One("image")),
        },
        _ if name.starts_with("flux-2") => flux(Some(ReferenceField::List("input_images"))),
        _ if name.starts_with("flux-1.1") => flux(Some(ReferenceField::One("image_prompt"))),
        // FLUX Kontext; and what new models have called it since.
        _ => flux(Some(ReferenceField::One("input_image"))),
    }
}

/// Whether scenes can be drawn with it: after a picture.
pub(super) fn follows_a_reference(model: &ModelName) -> bool {
    dialect(model).reference.is_some()
}

/// The `input` of a create.
pub(super) async fn of(
    model: &ModelName,
    order: &PictureOrder,
) -> Result<Map<String, Value>, ProviderError> {
    let dialect = dialect(model);
    let mut input = Map::new();
    let mut set = |name: &str, value: Value| {
        input.insert(name.to_owned(), value);
    };
    set("prompt", json!(order.prompt));
    set("output_format", json!("png"));
    set("seed", json!(seed(order.photo_id, order.attempt)));
    if dialect.flux {
        set("aspect_ratio", json!("1:1"));
    }
    if dialect.open_weights {
        set("num_outputs", json!(1));
    } else if dialect.flux {
        // The strictest that FLUX's own hosted models take along with an input picture.
        set("safety_tolerance", json!(2));
    }
    if let Some(picture) = &order.reference {
        let field = dialect
            .reference
            .ok_or_else(|| unusable_input(&format!("{model} cannot follow a reference picture")))?;
        let picture = reference::data_url(picture).await?;
        match field {
            ReferenceField::One(name) => set(name, json!(picture)),
            ReferenceField::List(name) => set(name, json!([picture])),
        }
    }
    Ok(input)
}

/// A seed by which a prediction can be recognised as this attempt's: 31 bits, as every model takes them.
pub(super) fn seed(photo_id: PhotoId, attempt: u32) -> u32 {
    let mut digest = Sha256::new();
    digest.update(photo_id.0.as_bytes());
    digest.update(attempt.to_be_bytes());
    let digest = digest.finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 1
}
