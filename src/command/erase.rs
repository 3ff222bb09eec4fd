//! `ava erase`: forgets somebody for ever.

use std::io::{BufRead, IsTerminal, Write};

use ::projections::audit_index;
use clap::Args;
use domain::values::UserId;
use infrastructure::{
    database::DatabaseRole,
    identity::DevelopmentIssuer,
    settings::{Environment, Settings},
};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
};

pub const HELP: &str = "\
Examples:
  ava erase 0193e7f1-9d40-…               asks once more, and forgets that person
  ava erase --email mara@example.com      the same, where ids are made from addresses (development)
  ava erase 0193e7f1-9d40-… --yes         without asking, for scripts

It cannot be undone. At once the key is destroyed that the person's data are sealed with, and every command of theirs is
refused; a running worker removes pictures and whatever else is left, and ends what they pay for. Events stay in the log,
where nobody can open them any more, and every proof goes on to verify. It is recorded; say with --by USER_ID who does it.";

/// Whom to forget.
#[derive(Debug, Args)]
pub struct EraseArgs {
    #[command(flatten)]
    whom: Whom,
    /// Do not ask whether it is meant.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
}

/// Somebody, by their id or their address.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// Their user id.
    user_id: Option<UserId>,
    /// Their e-mail address: in development only, where user ids are made from addresses.
    #[arg(long)]
    email: Option<String>,
}

impl Whom {
    fn user(&self, settings: &Settings) -> Result<UserId, Failure> {
        match (&self.email, self.user_id, settings.environment) {
            (Some(email), _, Environment::Development | Environment::Test) => {
                Ok(DevelopmentIssuer::user(email))
            }
            (Some(_), _, Environment::Production) => Err(Failure::usage(
                "addresses are known to the identity provider only; ask it for the person's id (the claim `sub`) and \
                 name that",
            )),
            (None, Some(user), _) => Ok(user),
            (None, None, _) => Err(Failure::usage("name a user id, or an address with --email")),
        }
    }
}

pub async fn run(arguments: EraseArgs, settings: Settings, json: bool) -> Result<(), Failure> {
    let user = arguments.whom.user(&settings)?;
    if !arguments.yes {
        confirm(user)?;
    }
    let database = Database::running_or_started(&settings).await?;
    let answer = ask(user, arguments.by, &database, json).await;
    database.stop().await;
    super::print(&answer?)
}

/// Lets whoever sits there type the id again. Where nobody does, `--yes` must say that it is meant.
fn confirm(user: UserId) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody is here to confirm it: say --yes if it is meant",
        ));
    }
    let mut prompt = std::io::stderr().lock();
    // A prompt that nobody sees is answered by nobody.
    let _ = write!(
        prompt,
        "This forgets {user} for ever. Type the id again to confirm: "
    );
    let _ = prompt.flush();
    let mut typed = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut typed)
        .map_err(Failure::other)?;
    if typed.trim().parse() == Ok(user) {
        Ok(())
    } else {
        Err(Failure::usage("that is another id; nobody was erased"))
    }
}

async fn ask(user: UserId, by: By, database: &Database, json: bool) -> Result<String, Failure> {
    let pool = database.connect("ava erase", DatabaseRole::Steward).await?;
    must_be_migrated(&pool).await?;
    let steward = Steward::new(&database.log(&pool)?, by);
    let erased_before = steward.people.is_erased(user).await;
    let erased_before = erased_before.map_err(Failure::try_again)?;
    if !erased_before && !is_known(&pool, user).await? {
        return Err(Failure::not_found(format!(
            "nothing is known of a person {user}; the read model audit_index must have followed the log to know \
             (`ava projections list`)"
        )));
    }
    let erased = steward
        .people
        .erase_for_operator(steward.context(), user)
        .await;
    let position = erased.map_err(Failure::try_again)?.position;
    pool.close().await;
    if json {
        let told =
            json!({"erased": user, "erased_before": erased_before, "log_position": position});
        return Ok(format!("{told}\n"));
    }
    Ok(if erased_before {
        format!("{user} was erased before; event {position} says that it was ordered again.\n")
    } else {
        format!(
            "{user} is erased; event {position} says so. A running worker removes what is left, and ends what they pay \
             for.\n"
        )
    })
}

async fn is_known(pool: &PgPool, user: UserId) -> Result<bool, Failure> {
    let streams = audit_index::streams_of(pool, user).await;
    Ok(!streams.map_err(Failure::try_again)?.is_empty())
}
