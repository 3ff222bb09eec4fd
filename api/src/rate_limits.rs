//! Says no to whoever asks for too much (429), and tells everybody how they stand: the fields `RateLimit-Policy` and
//! `RateLimit` of draft-ietf-httpapi-ratelimit-headers, as structured fields (RFC 9651).
//!
//! A client is its network address for all requests, and a person for commands. Nothing is counted for a client on this
//! machine, nor for supervisors and those whose messages are signed.

use std::{fmt::Write as _, net::IpAddr, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    web::Data,
};
use application::{
    ports::Subject,
    rate_limits::{Policy, Standing, Verdict},
};
use domain::values::UserId;

use crate::{app::State, problem::Problem};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How the client stands under each policy that counts for its request.
#[derive(Default)]
struct Standings(Vec<Standing>);

/// Whether nothing is counted on that path: supervisors ask often, and a payment provider's message must not be lost.
pub(crate) fn is_exempt(path: &str) -> bool {
    matches!(path, "/health" | "/ready" | "/billing/webhook") || path.starts_with("/webhooks/")
}

/// Lets a request in, or not: it counts for its network address, in this process only, so that a read waits for nobody.
pub(crate) fn admit(request: &ServiceRequest) -> Result<(), Problem> {
    let Some(app) = request.app_data::<Data<State>>() else {
        return Ok(());
    };
    if is_exempt(request.path()) {
        return Ok(());
    }
    let Some(client) = client(request.request(), app.trusted_proxies) else {
        return Ok(());
    };
    let verdict = app.rate_limits.take_here(client, &[Policy::Requests]);
    settle(request.request(), verdict)
}

/// Counts a command of that person.
pub(crate) async fn take_command(request: &HttpRequest, user: UserId) -> Result<(), Problem> {
    let pattern = request.match_pattern();
    let policies: &[Policy] = match (request.method(), pattern.as_deref()) {
        (&Method::POST, Some("/chat/messages")) => &[Policy::Commands, Policy::Messages],
        (&Method::POST, Some("/photos")) => &[Policy::Commands, Policy::Pictures],
        (&Method::POST, Some("/avatars/me/reference-image")) => {
            &[Policy::Commands, Policy::ReferencePictures]
        }
        _ => &[Policy::Commands],
    };
    take(request, Some(Subject::User(user)), policies).await
}

/// Counts an access token that is asked for from that network address.
pub(crate) async fn take_sign_in(request: &HttpRequest) -> Result<(), Problem> {
    let Some(app) = request.app_data::<Data<State>>() else {
        return Ok(());
    };
    let client = client(request, app.trusted_proxies);
    take(request, client, &[Policy::SignIns]).await
}

async fn take(
    request: &HttpRequest,
    subject: Option<Subject>,
    policies: &[Policy],
) -> Result<(), Problem> {
    let (Some(app), Some(subject)) = (request.app_data::<Data<State>>(), subject) else {
        return Ok(());
    };
    let verdict = app.rate_limits.take(subject, policies).await;
    settle(request, verdict)
}

/// Notes how the client stands; a refusal becomes a problem.
fn settle(request: &HttpRequest, verdict: Verdict) -> Result<(), Problem> {
    if verdict.standings.is_empty() {
        return Ok(());
    }
    let refusal = (!verdict.allowed).then(|| refusal(&verdict));
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Standings>() {
        Some(Standings(known)) => known.extend(verdict.standings),
        None => drop(extensions.insert(Standings(verdict.standings))),
    }
    refusal.map_or(Ok(()), Err)
}

fn refusal(verdict: &Verdict) -> Problem {
    let seconds = whole_seconds(verdict.retry_after());
    let violated: Vec<&'static str> = verdict
        .violated()
        .map(|standing| standing.policy.name())
        .collect();
    let told: Vec<String> = verdict
        .violated()
        .map(|standing| {
            let (name, quota) = (standing.policy.name(), standing.quota);
            format!("{} {name} in {} s", quota.units(), quota.seconds())
        })
        .collect();
    let detail = format!(
        "no more than {} are allowed; try again in {seconds} s",
        told.join(" and ")
    );
    Problem::rate_limited(detail, seconds, violated)
}

/// Tells the client how it stands.
pub(crate) fn tell(response: &mut ServiceResponse) {
    let (policy, limit) = {
        let extensions = response.request().extensions();
        let Some(Standings(standings)) = extensions.get::<Standings>() else {
            return;
        };
        (policies(standings), limits(standings))
    };
    let headers = response.headers_mut();
    for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// As `"requests";q=6000;w=60, "commands";q=600;w=60`.
fn policies(standings: &[Standing]) -> String {
    list(standings, |text, Standing { policy, quota, .. }| {
        let (name, q, w) = (policy.name(), quota.units(), quota.seconds());
        let _ = write!(text, "\"{name}\";q={q};w={w}");
    })
}

/// As `"requests";r=5999;t=1, "commands";r=0;t=12`. All that is told to remain may be used at once.
fn limits(standings: &[Standing]) -> String {
    list(standings, |text, standing| {
        let (name, r) = (standing.policy.name(), standing.remaining);
        let t = whole_seconds(standing.more_in);
        let _ = write!(text, "\"{name}\";r={r};t={t}");
    })
}

fn list(standings: &[Standing], item: impl Fn(&mut String, &Standing)) -> String {
    let mut text = String::with_capacity(standings.len() * 40);
    for standing in standings {
        if !text.is_empty() {
            text.push_str(", ");
        }
        item(&mut text, standing);
    }
    text
}

/// At least one, and never too early.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

/// Whose request it is; none for a client on this machine.
fn client(request: &HttpRequest, trusted_proxies: usize) -> Option<Subject> {
    let peer = request.peer_addr()?.ip();
    let address = address(peer, request.headers(), trusted_proxies);
    (!address.to_canonical().is_loopback()).then(|| Subject::address(address))
}

/// The client's address: the peer's, or what our own proxies say in front of which they stand. Each appends whom it got
/// the request from, so what stands further left than there are proxies was written by the client.
fn address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    if trusted_proxies == 0 {
        return peer;
    }
    let values = headers.get_all(FORWARDED_FOR);
    let told: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    // A request that came through fewer proxies was still seen by the first one of ours.
    let place = told.len().saturating_sub(trusted_proxies);
    told.get(place).and_then(|text| read(text)).unwrap_or(peer)
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map(|(address, _)| address);
    let text = bracketed.unwrap_or(text);
    let without_port = || {
        text.rsplit_once(':')
            .and_then(|(address, _)| address.parse().ok())
    };
    text.parse().ok().or_else(without_port)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;
    use application::rate_limits::Quota;

    use super::*;

    fn forwarded(lines: &[&str], proxies: usize) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().expect("a header"));
        }
        let peer = "192.0.2.1".parse().expect("an address");
        address(peer, &headers, proxies).to_string()
    }

    #[test]
    fn a_client_is_who_our_own_proxies_say_and_nobody_else() {
        let peer = "192.0.2.1";
        assert_eq!(forwarded(&["203.0.113.7"], 0), peer, "nobody is believed");
        assert_eq!(forwarded(&[], 1), peer);
        assert_eq!(forwarded(&["203.0.113.7"], 1), "203.0.113.7");
        assert_eq!(forwarded(&["9.9.9.9, 203.0.113.7"], 1), "203.0.113.7");
        assert_eq!(forwarded(&["9.9.9.9", "203.0.113.7"], 1), "203.0.113.7");
        assert_eq!(
            forwarded(&["9.9.9.9, 203.0.113.7, 10.0.0.1"], 2),
            "203.0.113.7"
        );
        assert_eq!(forwarded(&["203.0.113.7"], 2), "203.0.113.7");
        assert_eq!(forwarded(&["203.0.113.7:4711"], 1), "203.0.113.7");
        assert_eq!(forwarded(&["2001:db8::1"], 1), "2001:db8::1");
        assert_eq!(forwarded(&["[2001:db8::1]:4711"], 1), "2001:db8::1");
        assert_eq!(forwarded(&["203.0.113.7, unknown"], 1), peer);
    }

    #[test]
    fn the_fields_are_lists_of_strings_with_parameters() {
        let quota = Quota::new(600, 60).expect("a quota");
        let standing = |policy, remaining, millis| Standing {
            policy,
            quota,
            remaining,
            more_in: Duration::from_millis(millis),
        };
        let standings = [
            standing(Policy::Requests, 599, 100),
            standing(Policy::SignIns, 0, 1_001),
        ];
        assert_eq!(
            policies(&standings),
            r#""requests";q=600;w=60, "sign-ins";q=600;w=60"#
        );
        assert_eq!(
            limits(&standings),
            r#""requests";r=599;t=1, "sign-ins";r=0;t=2"#
        );
    }

    #[test]
    fn supervisors_and_signed_messages_are_not_counted() {
        for path in [
            "/health",
            "/ready",
            "/billing/webhook",
            "/webhooks/replicate/a/1",
        ] {
            assert!(is_exempt(path), "{path}");
        }
        for path in ["/billing/plans", "/healthy", "/photos", "/"] {
            assert!(!is_exempt(path), "{path}");
        }
    }
}
