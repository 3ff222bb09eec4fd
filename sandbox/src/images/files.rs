//! The pictures: drawn when they are asked for, or misbehaving.

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpResponse, get};
use futures::StreamExt as _;
use sha2::{Digest, Sha256};

use super::behaviour::Behaviour;
use super::state::Order;
use crate::openai_error;
use crate::portrait::{self, Format};
use crate::world::World;

const MEBIBYTE: usize = 1024 * 1024;

/// How many mebibytes the file of `huge_file` has.
const HUGE: usize = 64;

/// Where an order's picture is.
pub(super) fn address(url: &str, order: &Order) -> String {
    format!("{url}/images/{}.{}", order.id, order.format)
}

/// The picture of an order.
pub(super) async fn drawn(world: &Data<World>, order: &Order) -> Result<Bytes, HttpResponse> {
    let wanted = portrait::Order {
        prompt: order.prompt.clone(),
        variation: u64::from(Sha256::digest(&order.id)[0]),
        width: order.width,
        height: order.height,
        format: match order.format.as_str() {
            "jpeg" => Format::Jpeg,
            "webp" => Format::Webp,
            _ => Format::Png,
        },
    };
    let world = Data::clone(world);
    let drawn = actix_web::web::block(move || world.pictures.draw(&wanted)).await;
    match drawn {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(wrong)) => {
            tracing::error!("The sandbox could not draw a picture: {wrong}");
            Err(openai_error::server_error().into())
        }
        Err(_) => Err(openai_error::server_error().into()),
    }
}

/// One picture.
#[get("/images/{file}")]
pub(super) async fn file(world: Data<World>, name: Path<String>) -> HttpResponse {
    let Some(order) = order_of(&world, &name) else {
        return HttpResponse::NotFound().finish();
    };
    match order.behaviour {
        Behaviour::ExpiredFile => HttpResponse::NotFound().finish(),
        Behaviour::HugeFile => huge(),
        Behaviour::WrongContentType => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .body("<!doctype html><title>Not a picture</title><p>This is not a picture."),
        Behaviour::RedirectingFileHost => HttpResponse::Found()
            .insert_header((LOCATION, format!("{}/images/followed/{name}", world.url)))
            .finish(),
        _ => picture(&world, &order).await,
    }
}

/// Where `redirecting_file_host` leads; a careful client never comes here.
#[get("/images/followed/{file}")]
pub(super) async fn followed_file(world: Data<World>, name: Path<String>) -> HttpResponse {
    let Some(order) = order_of(&world, &name) else {
        return HttpResponse::NotFound().finish();
    };
    world.change(|state| {
        if let Some(order) = state.images.order_mut(&order.id) {
            order.redirects_followed += 1;
        }
    });
    picture(&world, &order).await
}

fn order_of(world: &World, name: &str) -> Option<Order> {
    let (id, format) = name.split_once('.')?;
    world.read(|state| {
        let orders = state.images.orders.iter();
        orders
            .rev()
            .find(|order| order.id == id && order.format == format && order.drawn)
            .cloned()
    })
}

async fn picture(world: &Data<World>, order: &Order) -> HttpResponse {
    match drawn(world, order).await {
        Ok(bytes) => HttpResponse::Ok()
            .content_type(format!("image/{}", order.format))
            .body(bytes),
        Err(answer) => answer,
    }
}

/// A "PNG" without a length and without an end in sight.
fn huge() -> HttpResponse {
    let pieces = futures::stream::repeat(Bytes::from(vec![0; MEBIBYTE])).take(HUGE);
    HttpResponse::Ok()
        .content_type("image/png")
        .streaming(pieces.map(Ok::<_, std::io::Error>))
}
