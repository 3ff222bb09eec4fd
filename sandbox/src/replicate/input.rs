//! What a create may ask for, model by model.

use serde_json::{Map, Value};

/// Whether a model answers with one address or with a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputForm {
    Text,
    List,
}

/// The models that are played, with the form of their output and whether their default file is a PNG.
const MODELS: [(&str, OutputForm, bool); 11] = [
    ("black-forest-labs/flux-schnell", OutputForm::List, false),
    ("black-forest-labs/flux-dev", OutputForm::List, false),
    ("black-forest-labs/flux-pro", OutputForm::Text, false),
    ("black-forest-labs/flux-1.1-pro", OutputForm::Text, false),
    (
        "black-forest-labs/flux-1.1-pro-ultra",
        OutputForm::Text,
        false,
    ),
    ("black-forest-labs/flux-kontext-pro", OutputForm::Text, true),
    ("black-forest-labs/flux-kontext-max", OutputForm::Text, true),
    (
        "black-forest-labs/flux-kontext-dev",
        OutputForm::Text,
        false,
    ),
    ("black-forest-labs/flux-2-flex", OutputForm::Text, false),
    ("black-forest-labs/flux-2-pro", OutputForm::Text, false),
    ("zsxkib/instant-id", OutputForm::List, false),
];

/// The aspect ratios that FLUX takes.
const ASPECT_RATIOS: [&str; 11] = [
    "1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21",
];

/// Longer texts in an input are cut in what is stored and shown.
const LONGEST_KEPT_TEXT: usize = 4_096;

/// The form of a model's output; `None` when there is no such model.
pub(super) fn output_form(model: &str) -> Option<OutputForm> {
    let known = MODELS.iter().find(|(name, ..)| *name == model);
    known.map(|(_, form, _)| *form)
}

/// What is wrong with an input: the field and the reason.
pub(super) struct Fault(pub(super) &'static str, pub(super) String);

/// Checks an input as the model would.
pub(super) fn check(model: &str, input: &Map<String, Value>) -> Result<(), Fault> {
    let fault = |field, reason: &str| Err(Fault(field, reason.to_owned()));
    if text(input, "prompt").is_none_or(str::is_empty) {
        return fault("input.prompt", "prompt is required");
    }
    if let Some(ratio) = text(input, "aspect_ratio") {
        let matches_input = model.contains("kontext") && ratio == "match_input_image";
        let custom = model.contains("1.1-pro") && ratio == "custom";
        if !matches_input && !custom && !ASPECT_RATIOS.contains(&ratio) {
            return fault(
                "input.aspect_ratio",
                "aspect_ratio is not one of the ratios of this model",
            );
        }
    }
    if let Some(format) = text(input, "output_format")
        && !["webp", "jpg", "png"].contains(&format)
    {
        return fault(
            "input.output_format",
            "output_format must be one of webp, jpg, png",
        );
    }
    check_numbers(model, input)
}

fn check_numbers(model: &str, input: &Map<String, Value>) -> Result<(), Fault> {
    let has_picture = text(input, "input_image").is_some();
    let most_tolerance = if model.contains("kontext") && has_picture {
        2
    } else {
        6
    };
    let limits = [
        ("num_outputs", "input.num_outputs", 1, 4),
        (
            "num_inference_steps",
            "input.num_inference_steps",
            1,
            if model.ends_with("schnell") { 4 } else { 50 },
        ),
        ("output_quality", "input.output_quality", 0, 100),
        (
            "safety_tolerance",
            "input.safety_tolerance",
            0,
            most_tolerance,
        ),
    ];
    for (name, field, least, most) in limits {
        let Some(value) = input.get(name).filter(|value| !value.is_null()) else {
            continue;
        };
        if !value
            .as_i64()
            .is_some_and(|number| (least..=most).contains(&number))
        {
            return Err(Fault(
                field,
                format!("{name} must be a whole number from {least} to {most}"),
            ));
        }
    }
    Ok(())
}

/// The input as it is stored: data URLs of whole pictures are cut short.
pub(super) fn shortened(input: &Map<String, Value>) -> Value {
    let shorter = |value: &Value| match value.as_str() {
        Some(text) if text.starts_with("data:") && text.len() > LONGEST_KEPT_TEXT => {
            let kept: String = text.chars().take(64).collect();
            Value::String(format!("{kept}… ({} characters)", text.len()))
        }
        _ => value.clone(),
    };
    let pairs = input
        .iter()
        .map(|(name, value)| (name.clone(), shorter(value)));
    Value::Object(pairs.collect())
}

/// How many pictures the input asks for.
pub(super) fn number_of_outputs(input: &Value) -> u64 {
    input["num_outputs"].as_u64().unwrap_or(1).clamp(1, 4)
}

/// The seed, or zero, so that a prompt without one is drawn the same way each time.
pub(super) fn seed(input: &Value) -> u64 {
    input["seed"].as_u64().unwrap_or(0)
}

/// The ending of the output's file name: `webp`, `jpg` or `png`.
pub(super) fn extension(model: &str, input: &Value) -> &'static str {
    let draws_png = MODELS.iter().any(|(name, _, png)| *name == model && *png);
    match input["output_format"].as_str() {
        Some("png") => "png",
        Some("jpg") => "jpg",
        Some("webp") => "webp",
        _ if draws_png => "png",
        _ => "webp",
    }
}

/// Width and height of the output, in pixels; the shorter side has at least 768.
pub(super) fn size(input: &Value) -> (u32, u32) {
    let side = |name: &str| {
        input[name]
            .as_u64()
            .and_then(|side| u32::try_from(side).ok())
    };
    if let (Some("custom"), Some(width), Some(height)) = (
        input["aspect_ratio"].as_str(),
        side("width"),
        side("height"),
    ) {
        return (width.clamp(256, 1440), height.clamp(256, 1440));
    }
    match input["aspect_ratio"].as_str() {
        Some("16:9") => (1344, 768),
        Some("21:9") => (1792, 768),
        Some("3:2") => (1152, 768),
        Some("2:3") => (768, 1152),
        Some("4:5") => (832, 1040),
        Some("5:4") => (1040, 832),
        Some("3:4") => (816, 1088),
        Some("4:3") => (1088, 816),
        Some("9:16") => (768, 1344),
        Some("9:21") => (768, 1792),
        _ => (1024, 1024),
    }
}

fn text<'a>(input: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}
