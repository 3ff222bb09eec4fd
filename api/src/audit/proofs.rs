//! Proofs that an event is in the log, and that the log only ever grew.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web::Data};
use application::ports::Role;
use domain::stewardship;
use serde::Serialize;
use serde_json::{Value, json};
use transparency::ProofError;
use utoipa::ToSchema;

use crate::{
    app::State,
    parameters::{self, Parameters},
    problem::{Code, FieldError, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

problems!(
    ProofProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::RoleRequired,
        Code::TreeTooSmall,
        Code::CheckpointNotFound,
        Code::Busy
    ]
);

/// That an event is among the first so many.
#[derive(Serialize, ToSchema)]
pub(crate) struct InclusionProof {
    /// The event; position 1 is leaf 0.
    #[schema(minimum = 1)]
    position: u64,
    /// How many events the tree has.
    #[schema(minimum = 1)]
    size: u64,
    /// The hash of the event's record, in hexadecimal.
    leaf_hash: String,
    /// From the leaf to the root, in hexadecimal.
    hashes: Vec<String>,
}

/// That the first so many events are still the beginning of more.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    /// How many events the earlier tree has.
    #[schema(minimum = 1)]
    from: u64,
    /// How many events the later tree has.
    #[schema(minimum = 1)]
    to: u64,
    /// In the order of RFC 6962, in hexadecimal.
    hashes: Vec<String>,
}

/// Prove that an event is in the log.
///
/// An inclusion proof (RFC 6962, section 2.1.1): hashes that lead from the event to the root of the tree of `size` events,
/// as a checkpoint signs it. For auditors; the view is recorded.
#[utoipa::path(
    tag = "Audit",
    params(
        ("position" = u64, Query, description = "The event's position in the log.", minimum = 1),
        ("size" = Option<u64>, Query, description = "How many events the tree has: those of a checkpoint. Those of the newest one when it is left out.", minimum = 1, nullable = false),
    ),
    responses(
        (status = 200, description = "The proof.", body = InclusionProof, example = inclusion_example),
        ProofProblems,
    ),
)]
#[get("/audit/proofs/inclusion")]
pub(crate) async fn prove_inclusion(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let mut parameters = Parameters::of(&request);
    let position = parameters.required("position", parameters::count);
    let size = parameters.query("size", parameters::count);
    parameters.finish()?;
    let position = position.unwrap_or_default();
    let size = or_newest(&app, size).await?;
    if position > size {
        return Err(out_of_order("position", "size", size));
    }
    let proof = app.tree.inclusion(position, size).await?;
    let view = stewardship::Command::ProveInclusion { position, size };
    app.record(context, view).await?;
    let proof = InclusionProof {
        position,
        size,
        leaf_hash: hex::encode(proof.leaf_hash),
        hashes: proof.hashes.iter().map(hex::encode).collect(),
    };
    Ok(Reply::json(StatusCode::OK, &proof)?.respond())
}

/// Prove that the log only ever grew.
///
/// A consistency proof (RFC 6962, section 2.1.2): hashes that lead from the root of the tree of `from` events and to that
/// of `to` events, as two checkpoints sign them. For auditors; the view is recorded.
#[utoipa::path(
    tag = "Audit",
    params(
        ("from" = u64, Query, description = "How many events the earlier tree has: those of a checkpoint that was kept.", minimum = 1),
        ("to" = Option<u64>, Query, description = "How many events the later tree has. Those of the newest checkpoint when it is left out.", minimum = 1, nullable = false),
    ),
    responses(
        (status = 200, description = "The proof.", body = ConsistencyProof, example = consistency_example),
        ProofProblems,
    ),
)]
#[get("/audit/proofs/consistency")]
pub(crate) async fn prove_consistency(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let mut parameters = Parameters::of(&request);
    let from = parameters.required("from", parameters::count);
    let to = parameters.query("to", parameters::count);
    parameters.finish()?;
    let from = from.unwrap_or_default();
    let to = or_newest(&app, to).await?;
    if from > to {
        return Err(out_of_order("from", "to", to));
    }
    let proof = app.tree.consistency(from, to).await?;
    let view = stewardship::Command::ProveConsistency { from, to };
    app.record(context, view).await?;
    let proof = ConsistencyProof {
        from,
        to,
        hashes: proof.hashes.iter().map(hex::encode).collect(),
    };
    Ok(Reply::json(StatusCode::OK, &proof)?.respond())
}

/// The size that was asked for, or that of the newest checkpoint.
async fn or_newest(app: &State, size: Option<u64>) -> Result<u64, Problem> {
    if let Some(size) = size {
        return Ok(size);
    }
    let newest = app.tree.newest_checkpoint().await?;
    let newest = newest.ok_or_else(|| Problem::plain(Code::CheckpointNotFound))?;
    Ok(newest.size)
}

fn out_of_order(smaller: &'static str, larger: &str, is: u64) -> Problem {
    let detail = format!("must not be more than `{larger}`, which is {is}");
    Problem::invalid(
        Code::InvalidParameter,
        vec![FieldError::parameter(smaller, detail)],
    )
}

impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Beyond(size) => {
                let detail = format!("the tree has {size} events so far");
                Self::new(Code::TreeTooSmall, detail)
            }
            ProofError::Damaged(_) => Self::internal(&error),
            ProofError::Database(error) => error.into(),
        }
    }
}

fn inclusion_example() -> Value {
    json!({
        "position": 6,
        "size": 8,
        "leaf_hash": "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "hashes": [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    })
}

fn consistency_example() -> Value {
    json!({
        "from": 6,
        "to": 8,
        "hashes": [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    })
}
