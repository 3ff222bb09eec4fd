//! The floor under a read: an actix handler that does one SELECT, in a process of its own.

use actix_web::{App, HttpResponse, HttpServer, error::ErrorInternalServerError, get, web};
use clap::Args;
use domain::values::UserId;
use infrastructure::database::{self, DatabaseOptions};
use projections::photos::PhotoFilter;
use sqlx::PgPool;
use uuid::Uuid;

/// What the server is told.
#[derive(Args)]
pub struct BareReads {
    url: String,
    /// Whose rows it reads.
    owner: Uuid,
}

struct Reading {
    pool: PgPool,
    owner: UserId,
}

impl BareReads {
    /// Serves on a free port, which it prints.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn work(self) -> anyhow::Result<()> {
        // As the API's own pool for requests.
        let pool = database::open(&self.url, &DatabaseOptions::named("bare reads"))?;
        let reading = web::Data::new(Reading {
            pool,
            owner: UserId(self.owner),
        });
        let server = HttpServer::new(move || {
            let app = App::new().app_data(reading.clone());
            app.service(avatar).service(photos)
        })
        .bind("127.0.0.1:0")?;
        for address in server.addrs() {
            println!("http://{address}");
        }
        Ok(server.run().await?)
    }
}

#[get("/avatars/me")]
async fn avatar(reading: web::Data<Reading>) -> actix_web::Result<HttpResponse> {
    let found = projections::avatars::of_owner(&reading.pool, reading.owner).await;
    let found = found.map_err(ErrorInternalServerError)?;
    Ok(found.map_or_else(
        || HttpResponse::NotFound().finish(),
        |row| HttpResponse::Ok().json(row),
    ))
}

#[get("/photos")]
async fn photos(reading: web::Data<Reading>) -> actix_web::Result<HttpResponse> {
    let filter = PhotoFilter::default();
    let page = projections::photos::list(&reading.pool, reading.owner, &filter, None, 20).await;
    Ok(HttpResponse::Ok().json(page.map_err(ErrorInternalServerError)?))
}
