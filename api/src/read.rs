//! A read's request: who asks, and from which position on the answer must be.

use actix_web::{FromRequest, HttpRequest, dev, http::header, web::Data};
use application::ports::SignedIn;
use domain::values::{Position, UserId};
use std::{
    future::{Ready, ready},
    time::Duration,
};

use crate::{
    app::State,
    parameters::{self, Parameters},
    problem::{Code, FieldError, Problem},
};

/// How long a read waits before it asks whether what it waits for exists.
const GLANCE: Duration = Duration::from_millis(100);

/// A read's request.
pub(crate) struct ReadRequest {
    /// Who asks.
    pub(crate) user: UserId,
    awaited: Option<Position>,
}

impl ReadRequest {
    /// Returns once these read models have seen what the client wants to have seen.
    pub(crate) async fn seen(
        &self,
        app: &State,
        read_models: &[&'static str],
    ) -> Result<(), Problem> {
        match self.awaited {
            Some(position) => tokio::select! {
                biased;
                seen = app.seen(read_models, position) => seen,
                problem = beyond_the_end(app, position) => Err(problem),
            },
            None => Ok(()),
        }
    }
}

/// Returns soon when the log does not reach that position, so that nobody waits for what never happened; or else never.
async fn beyond_the_end(app: &State, position: Position) -> Problem {
    // Most reads have what they wait for at once, and need not ask.
    tokio::time::sleep(GLANCE).await;
    match app.log.head().await {
        Ok(head) if position > head => {
            let detail = format!("the event log ends at {head}: this position is not from here");
            let ahead = FieldError::header("Await-Log-Position", detail);
            Problem::invalid(Code::InvalidParameter, vec![ahead])
        }
        Ok(_) | Err(_) => std::future::pending().await,
    }
}

impl FromRequest for ReadRequest {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(authenticate(request).and_then(|caller| {
            let mut parameters = Parameters::of(request);
            let awaited = parameters.header("Await-Log-Position", parameters::position);
            parameters.finish()?;
            Ok(Self {
                user: caller.user,
                awaited,
            })
        }))
    }
}

/// Who the request's access token is for.
pub(crate) fn authenticate(request: &HttpRequest) -> Result<SignedIn, Problem> {
    let challenge = |detail: &str, value| {
        Problem::new(Code::Unauthenticated, detail).header(header::WWW_AUTHENTICATE, value)
    };
    let Some(credentials) = request.headers().get(header::AUTHORIZATION) else {
        return Err(challenge(Code::Unauthenticated.example(), "Bearer"));
    };
    let token = credentials
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty());
    let Some(token) = token else {
        return Err(challenge(Code::Unauthenticated.example(), "Bearer"));
    };
    let Some(app) = request.app_data::<Data<State>>() else {
        return Err(Problem::plain(Code::InternalError));
    };
    app.identity.authenticate(token).map_err(|rejected| {
        tracing::info!(reason = %rejected.0, "Refused an access token");
        challenge(
            "the access token is not accepted; get a fresh one",
            "Bearer error=\"invalid_token\"",
        )
    })
}
