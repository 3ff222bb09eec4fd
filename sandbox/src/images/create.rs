//! Ordering a picture: from words alone (`generations`), or after pictures that come along (`edits`).

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::behaviour::Behaviour;
use super::error;
use super::files;
use super::form;
use super::state::Order;
use crate::openai_error::{self, Refusal};
use crate::picture_files;
use crate::world::{World, now_ms, random_text};

const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The models that are played, and whether they always answer with base64.
const MODELS: [(&str, bool); 5] = [
    ("gpt-image-1", true),
    ("gpt-image-1-mini", true),
    ("gpt-image-1.5", true),
    ("dall-e-3", false),
    ("dall-e-2", false),
];

/// An order as it was understood.
struct Wish {
    fields: Map<String, Value>,
    pictures: Vec<form::Field>,
}

impl Wish {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

/// Draw from words.
#[post("/v1/images/generations")]
pub(super) async fn generate(
    world: Data<World>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let wish = match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => Ok(Wish {
            fields,
            pictures: Vec::new(),
        }),
        _ => Err(error::invalid(
            "body",
            "We could not parse the JSON body of your request.",
        )),
    };
    respond(&world, &request, "generations", wish).await
}

/// Draw after pictures.
#[post("/v1/images/edits")]
pub(super) async fn edit(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let content_type = request.headers().get("content-type");
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let fields = form::boundary(content_type).and_then(|boundary| form::fields(&body, boundary));
    let wish = fields
        .ok_or_else(|| error::invalid("body", "The body is not multipart/form-data."))
        .and_then(edit_of);
    respond(&world, &request, "edits", wish).await
}

fn edit_of(all: Vec<form::Field>) -> Result<Wish, Refusal> {
    let (pictures, texts): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|field| ["image", "image[]"].contains(&field.name.as_str()));
    if pictures.is_empty() {
        return Err(error::invalid(
            "image",
            "Missing required parameter: 'image'.",
        ));
    }
    let is_picture = |field: &form::Field| image::guess_format(&field.content).is_ok();
    if !pictures.iter().all(is_picture) {
        return Err(error::invalid(
            "image",
            "Invalid image file or mode for image.",
        ));
    }
    let fields = texts.into_iter().map(|field| {
        let text = String::from_utf8_lossy(&field.content).into_owned();
        (field.name, Value::String(text))
    });
    Ok(Wish {
        fields: fields.collect(),
        pictures,
    })
}

async fn respond(
    world: &Data<World>,
    request: &HttpRequest,
    route: &str,
    wish: Result<Wish, Refusal>,
) -> HttpResponse {
    let accepted = error::authenticate(request, world)
        .and(wish)
        .and_then(|wish| accept(world, request, route, &wish));
    let (order, as_url) = match accepted {
        Ok(accepted) => accepted,
        Err(refusal) => return refusal.into(),
    };
    world.kept().await;
    tokio::time::sleep(world.config.drawing_time).await;
    match order.behaviour {
        Behaviour::ErrorAfterAccept => return openai_error::server_error().into(),
        Behaviour::DropResponse => return picture_files::cut_off(),
        _ => {}
    }
    let data = match order.behaviour {
        Behaviour::Empty => json!([]),
        Behaviour::BadBase64 => json!([{"b64_json": "%%%"}]),
        _ if as_url => {
            json!([{"url": files::address(&world.url, &order), "revised_prompt": order.prompt}])
        }
        _ => match files::drawn(world, &order).await {
            Ok(bytes) => json!([{"b64_json": STANDARD.encode(bytes)}]),
            Err(refusal) => return refusal.into(),
        },
    };
    HttpResponse::Ok()
        .insert_header(("x-request-id", format!("req_{}", order.id)))
        .json(json!({
            "created": now_ms() / 1_000,
            "data": data,
            "output_format": order.format,
            "size": format!("{}x{}", order.width, order.height),
            "usage": {"input_tokens": 50, "output_tokens": 4_160, "total_tokens": 4_210},
        }))
}

/// Stores the order, or refuses it; the ledger knows of both once it was understood.
fn accept(
    world: &World,
    request: &HttpRequest,
    route: &str,
    wish: &Wish,
) -> Result<(Order, bool), Refusal> {
    let model = wish.text("model").unwrap_or("dall-e-2");
    let known = MODELS.iter().find(|(name, _)| *name == model);
    let Some((_, always_base64)) = known else {
        return Err(error::unknown_model(model));
    };
    let Some(prompt) = wish.text("prompt").filter(|prompt| !prompt.is_empty()) else {
        return Err(error::invalid(
            "prompt",
            "Missing required parameter: 'prompt'.",
        ));
    };
    let asked = wish.text("response_format");
    if asked.is_some() && *always_base64 {
        return Err(error::invalid(
            "response_format",
            "Unknown parameter: 'response_format'.",
        ));
    }
    let (width, height) = size(wish)?;
    let format = wish.text("output_format").unwrap_or("png");
    if !["png", "jpeg", "webp"].contains(&format) {
        return Err(error::invalid(
            "output_format",
            "Supported values are: 'png', 'jpeg', and 'webp'.",
        ));
    }
    let header = request.headers().get("x-client-request-id");
    let client_request_id = header
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let (order, refusal) = world.change(|state| {
        let behaviour = state.images.script.pop_front().unwrap_or_default();
        let refusal = match behaviour {
            Behaviour::ModerationBlocked => Some(error::moderation_blocked()),
            Behaviour::Throttled => Some(error::throttled()),
            Behaviour::InsufficientQuota => Some(error::insufficient_quota()),
            _ => None,
        };
        let order = Order {
            id: random_text(ID_ALPHABET, 24),
            route: route.to_owned(),
            model: model.to_owned(),
            prompt: prompt.to_owned(),
            width,
            height,
            format: format.to_owned(),
            pictures: wish.pictures.iter().map(described).collect(),
            client_request_id,
            behaviour,
            drawn: refusal.is_none(),
            redirects_followed: 0,
        };
        state.images.add(order.clone());
        (order, refusal)
    });
    let as_url = match order.behaviour {
        Behaviour::Base64 => false,
        Behaviour::Url
        | Behaviour::HugeFile
        | Behaviour::WrongContentType
        | Behaviour::RedirectingFileHost
        | Behaviour::ExpiredFile => true,
        _ => !always_base64 && asked != Some("b64_json"),
    };
    refusal.map_or(Ok((order, as_url)), Err)
}

fn described(picture: &form::Field) -> String {
    let digest = hex::encode(Sha256::digest(&picture.content));
    let media_type = picture.media_type.as_deref().unwrap_or("?");
    format!("{media_type} {} bytes {digest}", picture.content.len())
}

fn size(wish: &Wish) -> Result<(u32, u32), Refusal> {
    let text = wish.text("size").unwrap_or("1024x1024");
    match text {
        "auto" | "1024x1024" => Ok((1024, 1024)),
        "1536x1024" => Ok((1536, 1024)),
        "1024x1536" => Ok((1024, 1536)),
        "512x512" => Ok((512, 512)),
        _ => Err(error::invalid("size", "Invalid value for 'size'.")),
    }
}
