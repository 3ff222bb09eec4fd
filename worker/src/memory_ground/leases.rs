//! Leases in memory.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::values::Position;

use super::{Held, Kept, MemoryGround, delta};
use crate::leases::{Claim, Claimed, LeaseStore, ToDo};

use chrono::{DateTime, Utc};

impl Kept {
    fn is_free(&self, name: &str, now: DateTime<Utc>) -> bool {
        self.leases.get(name).is_none_or(|held| held.until <= now)
    }

    fn hold(&mut self, name: &str, claim: Claim<'_>, now: DateTime<Utc>) -> Option<i64> {
        if !self.is_free(name, now) {
            return None;
        }
        self.last_fence += 1;
        let held = Held {
            holder: claim.holder.to_owned(),
            fence: self.last_fence,
            until: now + delta(claim.lasts),
        };
        self.leases.insert(name.to_owned(), held);
        Some(self.last_fence)
    }

    /// The pieces of a to-do list, those that wait longest first.
    fn due(&self, list: ToDo, now: DateTime<Utc>) -> Vec<String> {
        match list {
            ToDo::Photos => {
                let rows = self.rows.photo_work.values();
                let mut due: Vec<_> = rows.filter(|row| row.available_at <= now).collect();
                due.sort_by_key(|row| (row.available_at, row.photo_id));
                due.iter().map(|row| row.photo_id.to_string()).collect()
            }
            ToDo::Conversations => {
                let mut oldest: BTreeMap<String, Position> = BTreeMap::new();
                for row in self.rows.chat_work.values() {
                    let conversation = row.conversation.to_string();
                    let position = oldest.entry(conversation).or_insert(row.position);
                    *position = row.position.min(*position);
                }
                let mut due: Vec<_> = oldest.into_iter().collect();
                due.sort_by_key(|(_, position)| *position);
                due.into_iter()
                    .map(|(conversation, _)| conversation)
                    .collect()
            }
        }
    }
}

#[async_trait]
impl LeaseStore for MemoryGround {
    async fn claim_due(
        &self,
        list: ToDo,
        claim: Claim<'_>,
        most: usize,
    ) -> sqlx::Result<Vec<Claimed>> {
        let now = self.now();
        let mut kept = self.kept();
        let mut claimed = Vec::new();
        for piece in kept.due(list, now) {
            if claimed.len() == most {
                break;
            }
            let name = format!("{}:{piece}", list.kind());
            if let Some(fence) = kept.hold(&name, claim, now) {
                claimed.push(Claimed { piece, name, fence });
            }
        }
        Ok(claimed)
    }

    async fn claim(&self, name: &str, claim: Claim<'_>) -> sqlx::Result<Option<i64>> {
        let now = self.now();
        Ok(self.kept().hold(name, claim, now))
    }

    async fn set_until(&self, name: &str, fence: i64, from_now: Duration) -> sqlx::Result<bool> {
        let until = self.now() + delta(from_now);
        let mut kept = self.kept();
        let held = kept.leases.get_mut(name).filter(|held| held.fence == fence);
        Ok(held.map(|held| held.until = until).is_some())
    }

    async fn release(&self, name: &str, fence: i64) -> sqlx::Result<()> {
        let mut kept = self.kept();
        if kept
            .leases
            .get(name)
            .is_some_and(|held| held.fence == fence)
        {
            kept.leases.remove(name);
        }
        Ok(())
    }

    async fn take_back(&self, kind: &str, holder: &str) -> sqlx::Result<u64> {
        let prefix = format!("{kind}:");
        let mut kept = self.kept();
        let before = kept.leases.len();
        kept.leases
            .retain(|name, held| held.holder != holder || !name.starts_with(&prefix));
        Ok((before - kept.leases.len()) as u64)
    }

    async fn forget_expired(&self) -> sqlx::Result<u64> {
        let long_ago = self.now() - delta(Duration::from_secs(60));
        let mut kept = self.kept();
        let before = kept.leases.len();
        kept.leases.retain(|_, held| held.until >= long_ago);
        Ok((before - kept.leases.len()) as u64)
    }
}
