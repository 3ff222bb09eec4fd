//! The way from a process to what it asks for: it takes its time, loses things, and is where processes die.

use std::{future::pending, sync::Arc, time::Duration};

use crate::world::World;

/// The way from one life of a process to everything.
#[derive(Clone)]
pub struct Wire {
    /// Where it lies.
    pub world: Arc<World>,
    /// Whose it is.
    pub process: usize,
    /// In which of its lives.
    pub life: u32,
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    DiesBefore,
    DiesAfter,
    LostBefore,
    LostAfter,
}

impl Wire {
    /// Asks for something, which happens at once when it does.
    ///
    /// # Errors
    /// Those of the effect, and `away` when question or answer are lost.
    pub async fn call<T, E>(
        &self,
        port: &'static str,
        away: impl FnOnce() -> E,
        effect: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let fate = self.fate();
        self.on_the_way().await;
        match fate {
            Fate::DiesBefore => return self.die(port, "dies before").await,
            Fate::LostBefore => {
                self.note(port, "question lost");
                return Err(away());
            }
            Fate::Well | Fate::DiesAfter | Fate::LostAfter => {}
        }
        let outcome = effect.await;
        match fate {
            Fate::DiesAfter => return self.die(port, "dies after").await,
            Fate::LostAfter => {
                self.note(port, "answer lost");
                return Err(away());
            }
            Fate::Well | Fate::DiesBefore | Fate::LostBefore => {}
        }
        self.note(port, if outcome.is_ok() { "done" } else { "refused" });
        if self.world.lot(8) == 0 {
            self.on_the_way().await;
        }
        outcome
    }

    /// The same of the log, which at times nobody can reach.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_log<T, E>(
        &self,
        port: &'static str,
        away: impl Fn() -> E,
        effect: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let passed = self.world.clock.passed();
        if let Some((begins, ends)) = self.world.weather.outage
            && (begins..ends).contains(&passed)
        {
            self.on_the_way().await;
            self.note(port, "away");
            return Err(away());
        }
        self.call(port, away, effect).await
    }

    /// Notes what happened to this process.
    pub fn note(&self, port: &'static str, fate: &'static str) {
        self.world.note(self.process, self.life, port, fate);
    }

    /// Time passes, and while the process stands still, all of it does. Nobody comes back from the dead.
    pub async fn on_the_way(&self) {
        let pause = match self.world.lot(8) {
            0..4 => Duration::ZERO,
            4..7 => self.world.time(1, 12),
            _ => self.world.time(10, 120),
        };
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
        loop {
            let condition = self.world.condition(self.process);
            if condition.dead || condition.life != self.life {
                pending::<()>().await;
            }
            let passed = self.world.clock.passed();
            if condition.frozen_until <= passed {
                return;
            }
            tokio::time::sleep(condition.frozen_until - passed).await;
        }
    }

    fn fate(&self) -> Fate {
        let world = &self.world;
        let weather = world.weather;
        if !world.is_foul() {
            return Fate::Well;
        }
        let lot = world.lot(2000);
        let (crash, loss) = (2 * weather.crash, 2 * weather.loss);
        if lot < crash && self.process != 0 {
            return [Fate::DiesBefore, Fate::DiesAfter][(lot % 2) as usize];
        }
        if (crash..crash + loss).contains(&lot) {
            return [Fate::LostBefore, Fate::LostAfter][(lot % 2) as usize];
        }
        if self.process != 0 && (crash + loss..crash + loss + 2 * weather.freeze).contains(&lot) {
            world.freeze(self.process, world.time(200, 4_000));
            self.note("process", "stands still");
        }
        Fate::Well
    }

    async fn die<T>(&self, port: &'static str, how: &'static str) -> T {
        self.note(port, how);
        self.world.kill(self.process);
        pending().await
    }
}
