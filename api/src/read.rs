//! A read's request: who asks, and from which position on the answer must be.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev, http::header, web::Data};
use application::{
    figures::REFUSED_TOKENS,
    ports::{NotAuthenticated, SignedIn},
};
use domain::values::{Position, UserId};
use futures::future::{Either, LocalBoxFuture};
use projections::replica::{self, Asker};
use sqlx::PgPool;

use crate::{
    app::State,
    parameters::{self, Parameters},
    positions,
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

impl ReadRequest {
    /// The answer to a question about the person's own rows, from read models that have seen what the client wants to have
    /// seen: the replica's, where there is one that is as far, or else the primary's.
    pub(crate) async fn ask<T>(
        &self,
        app: &State,
        read_models: &[&'static str],
        question: impl AsyncFn(&PgPool) -> sqlx::Result<T>,
    ) -> Result<T, Problem> {
        if let Some(replica) = &app.replica {
            // The gate is asked about beside much of what people read.
            let concerned = [read_models, positions::GATE].concat();
            let answer = replica.answer(Asker::Person, &concerned, self.awaited, &question);
            if let Some(answer) = answer.await {
                return Ok(answer);
            }
        }
        self.seen(app, read_models).await?;
        Ok(question(&app.pool).await?)
    }
}

impl State {
    /// The answer to a question that no person asks, from read models as new as the primary's.
    pub(crate) async fn ask<T>(
        &self,
        read_models: &[&'static str],
        question: impl AsyncFn(&PgPool) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        if let Some(replica) = &self.replica {
            let answer = replica.answer(Asker::Person, read_models, None, &question);
            if let Some(answer) = answer.await {
                return Ok(answer);
            }
        }
        question(&self.pool).await
    }

    /// The answer to an auditor's question about events, of which the log has all up to now.
    pub(crate) async fn ask_as_steward<T>(
        &self,
        question: impl AsyncFn(&PgPool) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        if let Some(replica) = &self.replica {
            let answer = replica.answer(Asker::Steward, &[replica::LOG], None, &question);
            if let Some(answer) = answer.await {
                return Ok(answer);
            }
        }
        question(&self.steward_pool).await
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

impl ReadRequest {
    fn of(request: &HttpRequest, caller: &SignedIn) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let awaited = parameters.header("Await-Log-Position", parameters::position);
        parameters.finish()?;
        Ok(Self {
            user: caller.user,
            awaited,
        })
    }
}

impl FromRequest for ReadRequest {
    type Error = Problem;
    type Future =
        Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        // Almost always the keys are known, and then nothing waits and nothing is allocated.
        let at_once = Token::of(request).map(|token| token.bearer_at_once());
        match at_once {
            Ok(Some(known)) => {
                Either::Left(ready(known.and_then(|caller| Self::of(request, &caller))))
            }
            Ok(None) => {
                let request = request.clone();
                Either::Right(Box::pin(async move {
                    let caller = authenticate(&request).await?;
                    Self::of(&request, &caller)
                }))
            }
            Err(problem) => Either::Left(ready(Err(problem))),
        }
    }
}

/// Who the request's access token is for.
pub(crate) async fn authenticate(request: &HttpRequest) -> Result<SignedIn, Problem> {
    let token = Token::of(request)?;
    match token.bearer_at_once() {
        Some(known) => known,
        None => {
            let answer = token.app.identity.authenticate(token.text).await;
            answer.map_err(|why| refusal(&why))
        }
    }
}

/// An access token, not looked at yet.
struct Token<'r> {
    app: &'r Data<State>,
    text: &'r str,
}

impl<'r> Token<'r> {
    fn of(request: &'r HttpRequest) -> Result<Self, Problem> {
        let text = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|credentials| credentials.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty());
        let Some(text) = text else {
            return Err(challenge(Code::Unauthenticated.example(), "Bearer"));
        };
        let Some(app) = request.app_data::<Data<State>>() else {
            return Err(Problem::plain(Code::InternalError));
        };
        Ok(Self { app, text })
    }

    /// Whom it is for, when that can be told without asking the identity provider.
    fn bearer_at_once(&self) -> Option<Result<SignedIn, Problem>> {
        let known = self.app.identity.authenticate_at_once(self.text)?;
        Some(known.map_err(|why| refusal(&why)))
    }
}

fn challenge(detail: &str, value: &'static str) -> Problem {
    Problem::new(Code::Unauthenticated, detail).header(header::WWW_AUTHENTICATE, value)
}

fn refusal(why: &NotAuthenticated) -> Problem {
    match why {
        NotAuthenticated::Rejected(reason) => {
            REFUSED_TOKENS.count(["rejected"]);
            tracing::info!(reason, "Refused an access token");
            challenge(
                "the access token is not accepted; get a fresh one",
                "Bearer error=\"invalid_token\"",
            )
        }
        NotAuthenticated::KeysUnavailable(reason) => {
            REFUSED_TOKENS.count(["keys_unavailable"]);
            tracing::info!(reason, "An access token could not be checked");
            Problem::new(
                Code::Unavailable,
                "access tokens cannot be checked for the moment; try again",
            )
        }
    }
}
