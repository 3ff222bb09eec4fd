//! Answers as they were at a point of the log: `as_of_position` and `as_of`.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use domain::values::{Position, UserId};
use projections::{
    audit_index,
    past::{Past, PastError},
};
use utoipa::IntoParams;

use crate::{
    app::State,
    parameters::{self, Parameters},
    positions,
    problem::{Code, FieldError, Problem},
};

/// The parameters as the document has them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `AsOf` reads")]
pub(crate) struct AsOfParameters {
    /// As it was after the event at this position.
    #[param(nullable = false)]
    as_of_position: Option<u64>,
    /// As it was after the last event that was recorded at this time or before.
    #[param(nullable = false)]
    as_of: Option<DateTime<Utc>>,
}

/// The point that somebody asks about; now, when neither is given.
pub(crate) struct AsOf {
    position: Option<Position>,
    time: Option<DateTime<Utc>>,
}

impl AsOf {
    /// Reads them among other parameters.
    pub(crate) fn read(parameters: &mut Parameters<'_>) -> Self {
        Self {
            position: parameters.query("as_of_position", parameters::position),
            time: parameters.query("as_of", parameters::time),
        }
    }

    /// Those of a request that has no others.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let as_of = Self::read(&mut parameters);
        parameters.finish()?;
        Ok(as_of)
    }

    /// The point, when it is one of the past. What lies ahead of the log is refused: nobody knows yet how anything will
    /// stand then.
    pub(crate) async fn point(&self, app: &State) -> Result<Option<Position>, Problem> {
        let refused = |parameter, detail: String| {
            let error = FieldError::parameter(parameter, detail);
            Problem::invalid(Code::InvalidParameter, vec![error])
        };
        match (self.position, self.time) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(refused(
                "as_of",
                "must be left out beside as_of_position".to_owned(),
            )),
            (None, Some(time)) if time > app.clock.now() => {
                Err(refused("as_of", "must not lie in the future".to_owned()))
            }
            (None, Some(time)) => {
                let position = audit_index::last_position_at(&app.pool, time).await?;
                Ok(Some(position))
            }
            (Some(position), None) => {
                let head = app.log.head().await?;
                if position > head {
                    return Err(refused(
                        "as_of_position",
                        format!("must not lie behind the end of the log, which is {head}"),
                    ));
                }
                Ok(Some(position))
            }
        }
    }

    /// The moment that is told of: the one that was asked for, or that of the event at the position.
    pub(crate) async fn moment(
        &self,
        app: &State,
        position: Position,
    ) -> Result<DateTime<Utc>, Problem> {
        if let Some(time) = self.time {
            return Ok(time);
        }
        let recorded_at = audit_index::recorded_at(&app.pool, position).await?;
        // Before the first event nothing had a time.
        Ok(recorded_at.unwrap_or(DateTime::UNIX_EPOCH))
    }
}

impl State {
    /// The read models at a point of the log.
    pub(crate) fn past(&self, upto: Position) -> Past<'_> {
        Past {
            log: &*self.log,
            upto,
        }
    }

    /// All of a user's photos at that point, once it is known which there are.
    pub(crate) async fn past_photos(
        &self,
        user: UserId,
        upto: Position,
    ) -> Result<Vec<projections::photos::PhotoRow>, Problem> {
        self.seen(positions::UPDATES, upto).await?;
        Ok(self.past(upto).photos(&self.pool, user).await?)
    }
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Unreadable(ref source) if source.is_from_newer_program() => {
                Self::unavailable(Code::Unavailable, &error)
            }
            PastError::Unreadable(_) => Self::internal(&error),
            PastError::Unavailable(away) => away.into(),
            PastError::Database(error) => error.into(),
        }
    }
}
