//! What each model is asked for.
//!
//! `disable_safety_checker` is never sent: Replicate's own check is the second of our two.

use application::ports::{PictureOrder, ProviderError};
use domain::values::PhotoId;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{config::ModelName, reference};

/// The `input` of a create.
pub(super) async fn of(
    model: &ModelName,
    order: &PictureOrder,
) -> Result<Map<String, Value>, ProviderError> {
    let mut input = Map::new();
    let mut set = |name: &str, value: Value| {
        input.insert(name.to_owned(), value);
    };
    set("prompt", json!(order.prompt));
    set("aspect_ratio", json!("1:1"));
    set("output_format", json!("png"));
    set("seed", json!(seed(order.photo_id, order.attempt)));
    if is_open_flux(model) {
        set("num_outputs", json!(1));
    } else {
        // The strictest that FLUX's own hosted models take along with an input picture.
        set("safety_tolerance", json!(2));
    }
    if let Some(picture) = &order.reference {
        set("input_image", json!(reference::data_url(picture).await?));
    }
    Ok(input)
}

/// The FLUX models with open weights, which draw several pictures at a time and know no `safety_tolerance`.
fn is_open_flux(model: &ModelName) -> bool {
    matches!(model.name(), "flux-schnell" | "flux-dev")
}

/// A seed by which a prediction can be recognised as this attempt's: 31 bits, as every model takes them.
pub(super) fn seed(photo_id: PhotoId, attempt: u32) -> u32 {
    let mut digest = Sha256::new();
    digest.update(photo_id.0.as_bytes());
    digest.update(attempt.to_be_bytes());
    let digest = digest.finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 1
}
