//! The output files: drawn when they are asked for, or misbehaving.

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpResponse, route};
use futures::StreamExt as _;

use super::behaviour::Behaviour;
use super::prediction::Prediction;
use super::{input, problem};
use crate::portrait::{Format, Order};
use crate::world::{World, now_ms};

const MEBIBYTE: usize = 1024 * 1024;

/// How many mebibytes the file of `huge_file` has.
const HUGE: usize = 64;

/// The first bytes of a PNG file, and so of the huge one.
const PNG_SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

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
        Behaviour::HugeFile => huge(),
        Behaviour::WrongContentType => web_page(),
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
    let order = Order {
        prompt: prediction.input["prompt"].as_str()?.to_owned(),
        variation: input::seed(&prediction.input).wrapping_add(index),
        width,
        height,
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
    let world = Data::clone(world);
    let drawn = actix_web::web::block(move || world.pictures.draw(&order)).await;
    match drawn {
        Ok(Ok(bytes)) => HttpResponse::Ok()
            .content_type(media_type)
            .insert_header(("cache-control", "public, max-age=3600"))
            .body(bytes),
        Ok(Err(error)) => {
            tracing::error!("The sandbox could not draw a picture: {error}");
            problem::server_error().into()
        }
        Err(_) => problem::server_error().into(),
    }
}

/// A "PNG" without a length and without an end in sight.
fn huge() -> HttpResponse {
    let first = futures::stream::once(async { Bytes::from_static(&PNG_SIGNATURE) });
    let rest = futures::stream::repeat(Bytes::from(vec![0; MEBIBYTE])).take(HUGE);
    let body = first.chain(rest).map(Ok::<_, std::io::Error>);
    HttpResponse::Ok().content_type("image/png").streaming(body)
}

fn web_page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body("<!doctype html><title>Not a picture</title><p>This is not a picture.")
}
