//! What people do with the subscription that they pay for: manage it at the provider, end it, keep it.

use actix_web::{HttpResponse, http::StatusCode, post, web::Data};
use domain::{
    personal::Personal,
    subscription::{CancellationReason, Survey},
    values::{Invalid, Position, SurveyComment},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Subscription, shown};
use crate::{
    app::State,
    body,
    command::CommandRequest,
    documentation::{CommandHeaders, ConditionalHeaders},
    examples,
    idempotency::{Executed, once},
    positions,
    problem::{BODY, COMMAND, Code, Problem, SIGNED_IN, problems},
    reply::Reply,
};

/// A way into the payment provider's page.
#[derive(Serialize, ToSchema)]
pub(crate) struct Portal {
    /// Send the person there at once; it is good for a short time only.
    #[schema(format = "uri")]
    portal_url: String,
}

problems!(
    PortalProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::CustomerNotFound,
        Code::RequestTimeout,
        Code::PersonErased,
        Code::BodyTooLarge,
        Code::PaymentProviderFailed,
        Code::PaymentUnavailable,
    ]
);

/// Open the billing portal.
///
/// Makes a way into the payment provider's page where the person can change what they pay with, see their invoices,
/// and end or change the subscription. Every request makes another one, whatever its `Idempotency-Key`, since none is
/// good for long.
#[utoipa::path(
    tag = "Billing",
    params(CommandHeaders),
    responses(
        (status = 201, description = "The way in.", headers(
            ("Log-Position" = u64, description = "How far the subscription's history reaches; the request itself changes nothing."),
        ), body = Portal, example = examples::portal),
        PortalProblems,
    ),
)]
#[post("/billing/portal")]
pub(crate) async fn open_portal(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let back = app.web_page("subscribe");
    let (portal_url, position) = app.subscriptions.portal(request.caller.user, &back).await?;
    let reply = Reply::json(StatusCode::CREATED, &Portal { portal_url })?;
    Ok(reply.at(position).respond())
}

/// The end of a subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct Cancellation {
    /// Why; may be left out.
    survey: Option<SurveyAnswer>,
}

/// Why somebody ends a subscription: answers to both questions, or to one, or just some words. A word of the list of
/// reasons is taken as the reason.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Survey)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
enum SurveyAnswer {
    Answers(SurveyAnswers),
    Words(String),
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SurveyAnswers)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
struct SurveyAnswers {
    /// What fits best.
    reason: Option<ReasonWord>,
    /// In the person's own words.
    #[schema(min_length = 1, max_length = 1000)]
    comment: Option<String>,
}

/// Why somebody ends a subscription.
#[derive(Deserialize, ToSchema)]
#[schema(as = CancellationReason)]
#[serde(rename_all = "snake_case")]
enum ReasonWord {
    TooExpensive,
    MissingFeatures,
    SwitchedService,
    Unused,
    CustomerService,
    TooComplex,
    LowQuality,
    Other,
}

problems!(
    SyncProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::RequestTimeout,
        Code::PersonErased,
        Code::BodyTooLarge,
        Code::ReadModelBehind,
        Code::PaymentProviderFailed,
        Code::PaymentUnavailable,
    ]
);

/// Look for news of the subscription.
///
/// Asks the payment provider how the subscription stands, for people who come back from its page before its message is
/// here. Nothing is granted that the provider does not confirm; without a customer there is nothing to ask.
#[utoipa::path(
    tag = "Billing",
    params(CommandHeaders),
    responses(
        (status = 200, description = "The subscription, as the provider says it stands.", headers(
            ("ETag" = String, description = "The subscription's version."),
            ("Log-Position" = u64, description = "How far the subscription's history reaches."),
        ), body = Subscription, example = examples::subscription),
        SyncProblems,
    ),
)]
#[post("/billing/sync")]
pub(crate) async fn sync_subscription(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let position = app.subscriptions.look(request.caller.user).await?;
    Ok(changed(&app, &request, position).await?.respond())
}

problems!(
    CancelProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[
        Code::NoSubscription,
        Code::PreconditionFailed,
        Code::PaymentProviderFailed,
        Code::PaymentUnavailable,
    ]
);

/// End the subscription.
///
/// With the current period: until then everything stays as it is. The survey may be skipped; no body at all counts as an
/// empty one. Twice gives the same answer.
#[utoipa::path(
    tag = "Billing",
    params(ConditionalHeaders),
    request_body(content = Cancellation, example = examples::cancellation),
    responses(
        (status = 200, description = "The subscription, which ends with its period.", headers(
            ("ETag" = String, description = "The subscription's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Subscription, example = examples::ending_subscription),
        CancelProblems,
    ),
)]
#[post("/billing/cancel")]
pub(crate) async fn cancel_subscription(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.optional_fields()?;
    let survey = fields.optional("survey", survey).flatten();
    fields.finish()?;
    let request = request.unhurried();
    let execute = async |context| Ok(app.subscriptions.cancel(context, survey).await?.into());
    let answer = async |executed: Executed| changed(&app, &request, executed.position()).await;
    once(&app, &request, request.context(), execute, answer).await
}

problems!(
    ResumeProblems = SIGNED_IN,
    COMMAND,
    &[
        Code::NoSubscription,
        Code::PreconditionFailed,
        Code::PaymentProviderFailed,
        Code::PaymentUnavailable,
    ]
);

/// Keep the subscription.
///
/// Takes back that it ends with its period, as long as the period lasts. Twice gives the same answer.
#[utoipa::path(
    tag = "Billing",
    params(ConditionalHeaders),
    responses(
        (status = 200, description = "The subscription, which goes on.", headers(
            ("ETag" = String, description = "The subscription's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Subscription, example = examples::subscription),
        ResumeProblems,
    ),
)]
#[post("/billing/resume")]
pub(crate) async fn resume_subscription(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let request = request.unhurried();
    let execute = async |context| Ok(app.subscriptions.resume(context).await?.into());
    let answer = async |executed: Executed| changed(&app, &request, executed.position()).await;
    once(&app, &request, request.context(), execute, answer).await
}

/// The subscription as it is once the read model has seen `position`.
async fn changed(
    app: &State,
    request: &CommandRequest,
    position: Position,
) -> Result<Reply, Problem> {
    app.seen(positions::GATE, position).await?;
    Ok(shown(app, request.caller.user).await?.at(position))
}

/// Reads the survey; none when it was skipped.
fn survey(value: &Value) -> Result<Option<Survey>, Invalid> {
    match value {
        Value::Null => Ok(None),
        Value::String(words) => Ok(Some(match words.trim().parse::<CancellationReason>() {
            Ok(reason) => Survey {
                reason: Some(reason),
                comment: None,
            },
            Err(_) => Survey {
                reason: None,
                comment: Some(comment(value)?),
            },
        })),
        Value::Object(answers) => {
            if let Some(unknown) = answers
                .keys()
                .find(|name| !["reason", "comment"].contains(&name.as_str()))
            {
                return Err(Invalid(format!(
                    "has the field {unknown:?}; known are reason and comment"
                )));
            }
            let answer = |name: &str| answers.get(name).filter(|answer| !answer.is_null());
            let reason = answer("reason").map(body::text::<CancellationReason>);
            Ok(Some(Survey {
                reason: named("reason", reason)?,
                comment: named("comment", answer("comment").map(comment))?,
            }))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(Invalid("must be an object or text".to_owned()))
        }
    }
}

fn comment(value: &Value) -> Result<Personal<SurveyComment>, Invalid> {
    body::text::<SurveyComment>(value).map(Personal::new)
}

fn named<T>(name: &str, answer: Option<Result<T, Invalid>>) -> Result<Option<T>, Invalid> {
    answer
        .transpose()
        .map_err(|Invalid(detail)| Invalid(format!("{name}: {detail}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_survey_is_two_answers_or_one_or_words_or_nothing() {
        let read = |value: Value| survey(&value).expect("a survey");
        let whole = read(json!({"reason": "unused", "comment": "no time"})).expect("answers");
        assert_eq!(whole.reason, Some(CancellationReason::Unused));
        assert!(whole.comment.is_some());
        let reason = read(json!("too_expensive")).expect("a reason");
        assert_eq!(reason.reason, Some(CancellationReason::TooExpensive));
        let words = read(json!("I moved to the sea")).expect("words");
        assert_eq!((words.reason, words.comment.is_some()), (None, true));
        let skipped = read(json!({"reason": null})).expect("an empty survey");
        assert_eq!((skipped.reason, skipped.comment), (None, None));
        assert_eq!(read(Value::Null), None);
    }

    #[test]
    fn a_survey_of_another_kind_is_refused_with_a_reason() {
        for (value, why) in [
            (json!(7), "an object or text"),
            (json!([]), "an object or text"),
            (json!({"mood": "bad"}), "mood"),
            (json!({"reason": "weather"}), "too_expensive"),
            (json!({"comment": "x".repeat(1001)}), "comment"),
            (json!("x".repeat(1001)), "1000"),
        ] {
            let Invalid(detail) = survey(&value).expect_err("refused");
            assert!(detail.contains(why), "{detail}");
        }
    }
}
