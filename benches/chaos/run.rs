//! One run: the system, the people who use it, and what is known of both.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    journal::Journal, ledgers::Sandbox, person::Person, scale::Scale, scenarios::Scenario,
    system::System, verdicts::Verdicts,
};

/// How long everything that was begun may take to come to its end once nothing is broken any more.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// What is still to be done.
const LEFT: &str = "
    SELECT (SELECT count(*) FROM photo_work), (SELECT count(*) FROM chat_work),
           (SELECT count(*) FROM webhook_inbox WHERE state = 'waiting'),
           (SELECT count(*) FROM followers WHERE position < (SELECT position FROM log_head)),
           (SELECT position FROM log_head)";

/// Counts of what is left, and the log's head.
type Left = (i64, i64, i64, i64, i64);

/// A run.
pub struct Run {
    pub scale: Scale,
    pub system: System,
    pub sandbox: Sandbox,
    pub people: Vec<Person>,
    /// How many others have begun to pay.
    pub others_who_paid: usize,
    pub journal: Journal,
    pub verdicts: Verdicts,
    /// What the faults of the present scenario are drawn from.
    pub dice: StdRng,
    seed: u64,
}

impl Run {
    /// Starts the system, and lets people sign in, design and pay.
    ///
    /// # Errors
    /// When that does not go well, without any fault.
    pub async fn start(seed: u64, scale: Scale) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let system = System::start()?;
        let sandbox = Sandbox::at(system.sandbox_url())?;
        let journal = Journal::default();
        sandbox
            .switch(
                "replicate/default",
                // What happens to pictures does not depend on their size, and drawing them would be most of the work.
                &json!({"drawing_time_ms": 200, "shrink": 4}),
            )
            .await?;
        let signing_up = (0..scale.people).map(|number| {
            let (apis, journal) = (system.api_urls(), journal.clone());
            let sandbox = &sandbox;
            async move {
                let email = format!("person-{number}@example.com");
                let person = Person::sign_in(apis, &email, journal).await?;
                settle_in(&person, sandbox).await?;
                anyhow::Ok(person)
            }
        });
        let people = try_join_all(signing_up).await?;
        println!(
            "Everything runs, and everybody has paid, after {} s",
            begun.elapsed().as_secs()
        );
        Ok(Self {
            scale,
            system,
            sandbox,
            people,
            others_who_paid: 0,
            journal,
            verdicts: Verdicts::default(),
            dice: StdRng::seed_from_u64(seed),
            seed,
        })
    }

    /// What follows belongs to that scenario, whose dice do not depend on which ones came before.
    pub fn begin(&mut self, scenario: Scenario) {
        self.dice =
            StdRng::seed_from_u64(self.seed.wrapping_mul(1_000).wrapping_add(scenario as u64));
        self.journal.begin(scenario);
        self.verdicts.heading(scenario.name());
    }

    /// Waits for some time, as the dice say.
    pub async fn pause(&mut self, millis: std::ops::Range<u64>) {
        let millis = self.dice.random_range(millis);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    /// Waits until nothing is left to be done, and sees whether everybody still lives.
    pub async fn settle(&mut self) {
        let mut ended = Vec::new();
        for role in self.system.roles() {
            if let Some(how) = role.has_ended() {
                ended.push(how);
                role.start_again();
            }
        }
        self.verdicts
            .no_exception("no process ends by itself", "none did", &ended);
        match self.rest().await {
            Ok(seen) => self.verdicts.kept("everything comes to its end", seen),
            Err(seen) => self.verdicts.broken("everything comes to its end", seen),
        }
    }

    /// Waits until nothing is left to be done; says what was left when that takes too long.
    pub async fn rest(&self) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            let left: sqlx::Result<Left> = sqlx::query_as(LEFT).fetch_one(&self.system.pool).await;
            if let Ok((0, 0, 0, 0, head)) = left {
                let seconds = begun.elapsed().as_secs();
                return Ok(format!("{seconds} s after the last fault, at event {head}"));
            }
            if begun.elapsed() > SETTLES_WITHIN {
                return Err(match left {
                    Ok((photos, messages, notices, followers, head)) => format!(
                        "left are {photos} pictures, {messages} messages, {notices} notices, {followers} followers \
                         behind event {head}"
                    ),
                    Err(error) => error.to_string(),
                });
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Keeps the directory with what everybody wrote.
    ///
    /// # Errors
    /// When there is none.
    pub fn keep_directory(&mut self) -> anyhow::Result<PathBuf> {
        self.system.keep_directory()
    }
}

/// Designs a companion, approves its picture, and pays.
async fn settle_in(person: &Person, sandbox: &Sandbox) -> anyhow::Result<()> {
    person.design_companion().await?;
    person
        .order(Method::POST, "/avatars/me/reference-image", &json!({}))
        .await?;
    let is_ready = |avatar: &Value| avatar["reference_image"]["status"] == "ready";
    let avatar = person.until("/avatars/me", is_ready).await?;
    let approval = json!({"photo_id": avatar["reference_image"]["photo_id"]});
    person
        .order(
            Method::POST,
            "/avatars/me/reference-image/approval",
            &approval,
        )
        .await?;
    let checkout = json!({"plan": "monthly"});
    let checkout = person
        .order(Method::POST, "/billing/checkout", &checkout)
        .await?;
    sandbox.pay(&checkout["checkout_url"]).await?;
    let is_open = |subscription: &Value| subscription["open"] == true;
    person.until("/billing/subscription", is_open).await?;
    Ok(())
}
