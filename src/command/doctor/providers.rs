//! Those outside: each is asked one harmless question with the credentials that are configured.

use infrastructure::{
    credentials::{self, Answer},
    settings::{Environment, ImageService, Secret, Settings},
};
use url::Url;

use super::finding::Report;
use crate::listener::url_of;

/// Whom to ask, and what.
struct Service<'a> {
    name: &'static str,
    /// The variable of its key.
    variable: &'static str,
    key: Option<&'a Secret>,
    base: Option<&'a Url>,
    /// Its own address.
    home: &'static str,
    /// Read-only, for nothing, and refused to whoever has no key.
    path: String,
    /// What is missing when it says that there is no such thing.
    missing: String,
}

pub async fn examine(settings: &Settings, report: &mut Report) {
    let allow_http = settings.environment != Environment::Production;
    for service in services(settings) {
        let sandbox = url_of(settings.sandbox_addr).ok();
        let played = service.key.is_none();
        let home = Url::parse(service.home).ok();
        let base = service
            .base
            .cloned()
            .or(if played { sandbox } else { home });
        let Some(base) = base else { continue };
        let key = service.key.map_or("sandbox", |key| key.reveal());
        let answer = credentials::ask(&base, &service.path, key, allow_http).await;
        tell(&service, played, &base, answer, report);
    }
}

fn services(settings: &Settings) -> Vec<Service<'_>> {
    let mut services = Vec::new();
    for plan in settings.plans.0.iter().take(1) {
        services.push(Service {
            name: "stripe",
            variable: "STRIPE_SECRET_KEY",
            key: settings.payment.secret_key.as_ref(),
            base: settings.payment.api_base.as_ref(),
            home: "https://api.stripe.com",
            path: format!("prices/{}", plan.price_id),
            missing: format!("the price {} of the plan {}", plan.price_id, plan.id),
        });
    }
    if settings.image_services.contains(&ImageService::Replicate) {
        services.push(Service {
            name: "replicate",
            variable: "REPLICATE_API_TOKEN",
            key: settings.replicate.api_token.as_ref(),
            base: settings.replicate.api_base.as_ref(),
            home: "https://api.replicate.com",
            path: "account".to_owned(),
            missing: "the account".to_owned(),
        });
    }
    if settings.image_services.contains(&ImageService::OpenAi) {
        services.push(Service {
            name: "images",
            variable: "IMAGES_API_KEY",
            key: settings.images_api.key.as_ref(),
            base: settings.images_api.api_base.as_ref(),
            home: "https://api.openai.com",
            path: "models".to_owned(),
            missing: "a list of models".to_owned(),
        });
    }
    services.push(Service {
        name: "chat",
        variable: "CHAT_API_KEY",
        key: settings.chat.key.as_ref(),
        base: settings.chat.api_base.as_ref(),
        home: "https://api.openai.com",
        path: "models".to_owned(),
        missing: "a list of models".to_owned(),
    });
    services
}

fn tell(service: &Service<'_>, played: bool, base: &Url, answer: Answer, report: &mut Report) {
    let Service {
        name,
        variable,
        missing,
        ..
    } = service;
    let host = base.host_str().unwrap_or_default();
    match answer {
        Answer::Accepted if played => report.ok(name, "played by the sandbox, which answers"),
        Answer::Accepted => report.ok(name, format!("{host} accepts {variable}")),
        Answer::Refused(status) => report.fail(
            name,
            format!("{host} refuses {variable} ({status})"),
            format!("set {variable} to a key that is valid and may do what Ava does"),
        ),
        Answer::Missing => report.fail(
            name,
            format!("{host} knows nothing of {missing}"),
            format!("correct the address, or what {variable} belongs to: test and live keys see different things"),
        ),
        Answer::Busy(status) => report.warn(
            name,
            format!("{host} answers {status}"),
            "ask again in a while; its status page may say more",
        ),
        Answer::Away(reason) if played => report.away(
            name,
            format!("the sandbox should play it at {base}, and is away: {reason}"),
            "start `ava sandbox` or `ava up`, or set SANDBOX_ADDR to where it is",
        ),
        Answer::Away(reason) => report.away(
            name,
            format!("{host} cannot be reached: {reason}"),
            "look whether this machine may reach it: a firewall, DNS, or its status page",
        ),
        Answer::Unusable(reason) => report.fail(
            name,
            reason,
            format!("correct {variable} or the address of the service"),
        ),
    }
}
