//! The application: what handlers need, every route in one list, and the server around them.

use std::{net::TcpListener, num::NonZero, ops::Deref, sync::Arc, thread};

use actix_web::{middleware::from_fn, web};
use application::{
    avatars::Avatars,
    chat_figures::ChatFigures,
    conduct::Conducts,
    content::Refusal,
    conversations::Conversations,
    crisis::CrisisAnswers,
    people::People,
    photos::Photos,
    ports::{
        Authenticator, Clock, EventLog, IdempotencyStore, ObjectStorage, PaymentGateway,
        PaymentInbox, PictureInspector, Plans, PredictionNotices, PredictionWebhook, RateLimits,
        ReplyDrafts, TokenIssuer,
    },
    reports::Reports,
    stewardship::Stewardships,
    subscriptions::Subscriptions,
};
use projections::{engine::Checkpoints, replica::Replica};
use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use transparency::Tree;
use url::Url;
use utoipa_actix_web::{AppExt, service_config::ServiceConfig};

use crate::{
    account, admin,
    admin::Rebuilds,
    audit, avatars, billing, chat, dev_token, documentation,
    envelope::envelope,
    idempotency::InFlight,
    image_webhooks, limits,
    pace::served,
    photos, problem,
    problem::Problem,
    provenance, reports, service,
    service::no_such_route,
    serving::{self, Ending},
    signed_url::{Signer, SigningKey},
    updates::{self, Pulse},
    web_client::{self, WebClient},
};

/// What the handlers need. The binary's wiring builds it; nothing in here knows an adapter.
#[derive(Clone)]
pub struct App {
    /// The database of the read models, as the people who ask may see it: each question says who asks. Each thread of
    /// the server opens its share of the connections for itself.
    pub pool: PgPool,
    /// A replica of it for reads; none where the database answers all of them itself.
    pub replica: Option<Replica>,
    /// The same database for operators and auditors, who see everybody's rows, and for figures.
    pub steward_pool: PgPool,
    /// The same database for rebuilds, whose statements may take as long as they take.
    pub rebuild_pool: PgPool,
    /// The event log for rebuilds, which read all of it.
    pub rebuild_log: Arc<dyn EventLog>,
    /// The use cases of avatars.
    pub avatars: Avatars,
    /// The use cases of photos.
    pub photos: Photos,
    /// The use cases of people's own data.
    pub people: People,
    /// The use cases of conversations.
    pub conversations: Conversations,
    /// The use cases of reports.
    pub reports: Reports,
    /// The use cases of conduct.
    pub conducts: Conducts,
    /// Records what operators and auditors do.
    pub stewardships: Stewardships,
    /// The use cases of subscriptions.
    pub subscriptions: Subscriptions,
    /// How far the read models are.
    pub checkpoints: Checkpoints,
    /// The transparency tree over the event log.
    pub tree: Tree,
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// What used idempotency keys stand for.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Where pictures' bytes are.
    pub storage: Arc<dyn ObjectStorage>,
    /// Reads the marks of pictures that somebody asks about.
    pub inspector: Arc<dyn PictureInspector>,
    /// Checks the payment provider's signatures.
    pub payment: Arc<dyn PaymentGateway>,
    /// Keeps the payment provider's messages.
    pub inbox: Arc<dyn PaymentInbox>,
    /// The same messages for operators, who read them and hand them out again.
    pub steward_inbox: Arc<dyn PaymentInbox>,
    /// Checks the image provider's messages.
    pub image_webhook: Arc<dyn PredictionWebhook>,
    /// Keeps the image provider's messages, and wakes the workers.
    pub notices: Arc<dyn PredictionNotices>,
    /// Hears what companions are about to say.
    pub drafts: Arc<dyn ReplyDrafts>,
    /// Counts what everybody asks for.
    pub rate_limits: Arc<dyn RateLimits>,
    /// How many of our own proxies a request goes through, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: usize,
    /// Whether Redis answers; none where it is not needed.
    pub redis: Option<watch::Receiver<bool>>,
    /// What is counted of the answers that this process gives.
    pub chat_figures: Arc<ChatFigures>,
    /// What can be subscribed to.
    pub plans: Arc<Plans>,
    /// What people hear who may be in danger.
    pub crisis: Arc<CrisisAnswers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The time by which subscriptions run: the payment provider's, whose clock a stand-in may have moved.
    pub billing_clock: Arc<dyn Clock>,
    /// Whether nobody has to pay; never in production.
    pub free_of_charge: bool,
    /// Checks access tokens.
    pub identity: Arc<dyn Authenticator>,
    /// Hands out access tokens; none anywhere but in the development environment.
    pub issuer: Option<Arc<dyn TokenIssuer>>,
    /// Signs the addresses of pictures.
    pub url_signing_key: [u8; 32],
    /// Where browsers reach the web client, as `http://127.0.0.1:8080`.
    pub public_url: Url,
    /// The web client; none where only the API is served.
    pub web: Option<WebClient>,
}

/// What all requests of one thread share. Clones share what is the whole process's.
#[derive(Clone)]
pub(crate) struct State {
    app: App,
    /// The idempotency keys whose commands run now.
    pub(crate) in_flight: Arc<InFlight>,
    /// The rebuilds that operators ordered.
    pub(crate) rebuilds: Rebuilds,
    /// Wakes the streams of updates.
    pub(crate) pulse: Pulse,
    signing_key: SigningKey,
    /// How far the server is with its end.
    pub(crate) ending: Ending,
    /// Places for those who ask about a picture.
    pub(crate) checks: Arc<Semaphore>,
    /// The OpenAPI document as it is served.
    pub(crate) openapi: web::Bytes,
}

impl State {
    /// For a whole process.
    fn new(app: App) -> Self {
        let ending = Ending::default();
        Self {
            signing_key: SigningKey::new(&app.url_signing_key),
            rebuilds: Rebuilds::new(&app, ending.closed()),
            pulse: Pulse::start(&app, ending.closed()),
            ending,
            app,
            in_flight: Arc::default(),
            checks: Arc::new(Semaphore::new(limits::PICTURES_AT_A_TIME)),
            openapi: documentation::served(),
        }
    }

    /// For one of the server's threads, with so many connections of its own: an answer of the database that another
    /// thread has to be woken for, since the connection was opened there, comes later and costs more. They close with
    /// the application's pool. To be called on that thread.
    fn of_thread(&self, connections: u32) -> Self {
        let share = |pool: &PgPool| share_of(pool, connections);
        let replica = self.replica.as_ref();
        let app = App {
            pool: share(&self.pool),
            replica: replica.map(|replica| replica.with_people(share(replica.people()))),
            ..self.app.clone()
        };
        Self {
            app,
            ..self.clone()
        }
    }

    /// Words that the rules refuse, for somebody who reads that language.
    pub(crate) fn refused(&self, refusal: Refusal, locale: &str) -> Problem {
        let crisis = refusal.crisis.then(|| self.app.crisis.to(locale));
        Problem::content_refused(refusal, crisis)
    }

    /// Signs the addresses of pictures, as of now.
    pub(crate) fn signer(&self) -> Signer<'_> {
        Signer::new(&self.signing_key, self.app.clock.now())
    }
}

impl Deref for State {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

/// So many connections of this thread's own, which close with all of them.
fn share_of(whole: &PgPool, connections: u32) -> PgPool {
    let options = whole.options().clone().max_connections(connections);
    let address = whole.connect_options().as_ref().clone();
    let pool = options.connect_lazy_with(address);
    let (whole, share) = (whole.clone(), pool.clone());
    actix_web::rt::spawn(async move {
        whole.close_event().await;
        share.close().await;
    });
    pool
}

/// Every operation.
pub(crate) fn routes(api: &mut ServiceConfig) {
    api.service(avatars::create_avatar)
        .service(avatars::get_avatar)
        .service(avatars::change_avatar)
        .service(avatars::request_reference_image)
        .service(avatars::approve_reference_image)
        .service(photos::request_photo)
        .service(photos::list_photos)
        .service(photos::get_photo)
        .service(photos::cancel_photo)
        .service(photos::delete_photo)
        .service(photos::get_image)
        .service(image_webhooks::receive_prediction_message)
        .service(chat::send_message)
        .service(chat::list_messages)
        .service(chat::get_chat)
        .service(chat::change_chat)
        .service(provenance::check_provenance)
        .service(updates::stream_updates)
        .service(billing::list_plans)
        .service(billing::start_checkout)
        .service(billing::open_portal)
        .service(billing::sync_subscription)
        .service(billing::cancel_subscription)
        .service(billing::resume_subscription)
        .service(billing::get_subscription)
        .service(billing::list_invoices)
        .service(billing::receive_payment_message)
        .service(reports::file_report)
        .service(reports::list_reports)
        .service(reports::get_report)
        .service(account::export_me)
        .service(account::erase_me)
        .service(audit::list_projections)
        .service(audit::list_events)
        .service(audit::get_event)
        .service(audit::list_history)
        .service(audit::get_state)
        .service(audit::get_checkpoint)
        .service(audit::prove_inclusion)
        .service(audit::prove_consistency)
        .service(admin::list_photos_of_everybody)
        .service(admin::retry_photo)
        .service(admin::cancel_photo_of_anybody)
        .service(admin::get_user)
        .service(admin::erase_user)
        .service(admin::get_figures)
        .service(admin::list_report_queue)
        .service(admin::get_reported_content)
        .service(admin::decide_report)
        .service(admin::list_projections_for_operators)
        .service(admin::rebuild_projection)
        .service(admin::list_webhooks)
        .service(admin::replay_webhook)
        .service(dev_token::issue_token)
        .service(service::get_health)
        .service(service::get_ready)
        .service(problem::problems_page)
        .service(problem::problem_page)
        .service(documentation::get_openapi);
}

/// Serves the API on `listener` until `stop`, and then until everybody who is here has been answered, as `serving` says.
///
/// Must be called on a tokio runtime.
///
/// # Errors
/// When the listener cannot be served.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let state = State::new(app);
    let ending = state.ending.clone();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let most = state.pool.options().get_max_connections() as usize;
    // No fewer than two, so that one slow answer does not keep a thread's other requests waiting.
    let share = u32::try_from((most / threads).max(2)).unwrap_or(u32::MAX);
    let server = serving::Server::start(threads, ending, move || {
        actix_web::App::new()
            .app_data(web::Data::new(state.of_thread(share)))
            .configure(web_client::routes)
            .into_utoipa_app()
            .configure(routes)
            .into_app()
            .service(documentation::reference())
            .service(web::redirect("/docs", "/docs/"))
            .default_service(web::to(no_such_route))
            .wrap(from_fn(envelope))
            .wrap(from_fn(served))
    });
    server
        .await?
        .serve(listener, limits::CONNECTIONS_PER_THREAD, stop)
        .await
}
