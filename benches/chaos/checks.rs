//! What must hold afterwards, whatever was broken: the journal, the log, the read models and the ledgers agree.

mod answers;
mod files;
mod log;
mod outside;
mod pictures;
mod programs;

use crate::run::Run;
use log::Log;

/// Looks at everything.
///
/// # Errors
/// When it cannot be looked at.
pub async fn all(run: &mut Run) -> anyhow::Result<()> {
    let log = Log::read(&run.system.pool).await?;
    let journal = run.journal.entries();
    answers::look(&mut run.verdicts, &journal);
    log::look(&mut run.verdicts, &log, &journal);
    pictures::look_at_ends(&mut run.verdicts, &log);
    pictures::look_at_messages(&mut run.verdicts, &log);
    pictures::look_at_files(run).await?;
    files::look(run).await?;
    outside::look_at_orders(run, &log).await?;
    outside::look_at_payments(run).await?;
    programs::look(run).await
}
