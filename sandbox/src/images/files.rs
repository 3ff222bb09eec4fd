//! The pictures: drawn when they are asked for, or misbehaving.

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpResponse, get};
use sha2::{Digest, Sha256};

use super::behaviour::Behaviour;
use super::state::Order;
use crate::openai_error::{self, Refusal};
use crate::picture_files;
use crate::portrait::{self, Format};
use crate::world::World;

/// Where an order's picture is.
pub(super) fn address(url: &str, order: &Order) -> String {
    format!("{url}/images/{}.{}", order.id, order.format)
}

/// The picture of an order.
pub(super) async fn drawn(world: &Data<World>, order: &Order) -> Result<Bytes, Refusal> {
    let wanted = portrait::Order {
        prompt: order.prompt.clone(),
        variation: u64::from(Sha256::digest(&order.id)[0]),
        width: order.width,
        height: order.height,
        format: format(order),
    };
    let bytes = picture_files::drawn(world, wanted).await;
    bytes.ok_or_else(openai_error::server_error)
}

fn format(order: &Order) -> Format {
    match order.format.as_str() {
        "jpeg" => Format::Jpeg,
        "webp" => Format::Webp,
        _ => Format::Png,
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
        Behaviour::HugeFile => picture_files::huge(),
        Behaviour::WrongContentType => picture_files::web_page(),
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
            .content_type(format(order).media_type())
            .body(bytes),
        Err(refusal) => refusal.into(),
    }
}
