//! What every service that draws serves alike: a picture, or what misbehaves in its place.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, block};
use futures::StreamExt as _;

use crate::portrait::Order;
use crate::world::World;

const MEBIBYTE: usize = 1024 * 1024;

/// How many mebibytes the huge file has.
const HUGE: usize = 64;

/// The first bytes of a PNG file, and so of the huge one.
const PNG_SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

/// The picture, drawn where it holds nobody up; none when it cannot be drawn, which is logged.
pub(crate) async fn drawn(world: &Data<World>, order: Order) -> Option<Bytes> {
    let world = Data::clone(world);
    match block(move || world.pictures.draw(&order)).await {
        Ok(Ok(bytes)) => Some(bytes),
        Ok(Err(error)) => {
            tracing::error!("The sandbox could not draw a picture: {error}");
            None
        }
        Err(_) => None,
    }
}

/// A "PNG" without a length and without an end in sight.
pub(crate) fn huge() -> HttpResponse {
    let first = futures::stream::once(async { Bytes::from_static(&PNG_SIGNATURE) });
    let rest = futures::stream::repeat(Bytes::from(vec![0; MEBIBYTE])).take(HUGE);
    let body = first.chain(rest).map(Ok::<_, std::io::Error>);
    HttpResponse::Ok().content_type("image/png").streaming(body)
}

/// No picture at all.
pub(crate) fn web_page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body("<!doctype html><title>Not a picture</title><p>This is not a picture.")
}

/// Closes the connection before any byte of an answer: the body fails before its head is flushed.
pub(crate) fn cut_off() -> HttpResponse {
    let broken = std::io::Error::other("the sandbox drops this response on purpose");
    let body = futures::stream::once(async move { Err::<Bytes, _>(broken) });
    HttpResponse::Ok().streaming(body)
}
