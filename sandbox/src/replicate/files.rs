//! The output files: drawn when they are asked for, or misbehaving.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, route};

use super::behaviour::Behaviour;
use super::prediction::Prediction;
use super::{input, problem};
use crate::picture_files;
use crate::portrait::{Format, Order};
use crate::world::{World, now_ms};

/// The smallest side of a picture, in pixels, however much they are shrunk.
const SMALLEST: u32 = 64;

/// One output file.
#[route("/files/{id}/{name}", method = "GET", method = "HEAD")]
pub(super) async fn file(world: Data<World>, path: Path<(String, String)>) -> HttpResponse {
    let (id, name) = path.into_inner();
    let Some((prediction, order)) = available(&world, &id, &name) else {
        return problem::not_found().into();
    };
    world.change(|state| {
        if let Some(entry) = state.replicate.ledger_entry(&id) {
            entry.files_served += 1;
        }
    });
    match prediction.behaviour {
        Behaviour::HugeFile => picture_files::huge(),
        Behaviour::WrongContentType => picture_files::web_page(),
        Behaviour::RedirectingFileHost => HttpResponse::Found()
            .insert_header((
                LOCATION,
                format!("{}/files/{id}/followed/{name}", world.url),
            ))
            .finish(),
        _ => picture(&world, order).await,
    }
}

/// Where `redirecting_file_host` leads; a careful client never comes here.
#[route("/files/{id}/followed/{name}", method = "GET", method = "HEAD")]
pub(super) async fn followed_file(
    world: Data<World>,
    path: Path<(String, String)>,
) -> HttpResponse {
    let (id, name) = path.into_inner();
    let Some((_, order)) = available(&world, &id, &name) else {
        return problem::not_found().into();
    };
    world.change(|state| {
        if let Some(entry) = state.replicate.ledger_entry(&id) {
            entry.redirects_followed += 1;
        }
    });
    picture(&world, order).await
}

/// The prediction and what to draw, while the file exists.
fn available(world: &World, id: &str, name: &str) -> Option<(Prediction, Order)> {
    let now = now_ms();
    let prediction = world.read(|state| state.replicate.prediction(id).cloned())?;
    let extension = input::extension(&prediction.model, &prediction.input);
    let index = name
        .strip_prefix("out-")?
        .strip_suffix(extension)?
        .strip_suffix('.')?;
    let index: u64 = index.parse().ok()?;
    let exists = prediction.at(now).status == "succeeded"
        && !prediction.is_removed(now)
        && index < input::number_of_outputs(&prediction.input);
    if !exists {
        return None;
    }
    let (width, height) = input::size(&prediction.input);
    let shrink = world.read(|state| state.replicate.shrink).unwrap_or(1);
    let order = Order {
        prompt: prediction.input["prompt"].as_str()?.to_owned(),
        variation: input::seed(&prediction.input).wrapping_add(index),
        width: (width / shrink).max(SMALLEST),
        height: (height / shrink).max(SMALLEST),
        format: match extension {
            "png" => Format::Png,
            "jpg" => Format::Jpeg,
            _ => Format::Webp,
        },
    };
    Some((prediction, order))
}

async fn picture(world: &Data<World>, order: Order) -> HttpResponse {
    let media_type = order.format.media_type();
    match picture_files::drawn(world, order).await {
        Some(bytes) => HttpResponse::Ok()
            .content_type(media_type)
            .insert_header(("cache-control", "public, max-age=3600"))
            .body(bytes),
        None => problem::server_error().into(),
    }
}
