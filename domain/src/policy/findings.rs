//! What was found in one input, gathered rule by rule and weighed at the end.

use std::collections::BTreeSet;

use super::{
    Decision, Hit, Medium, Obligation, Severity, Verdict,
    pack::{Effect, Effects, Pack},
};

/// What was found so far.
pub(super) struct Findings<'a> {
    medium: Medium,
    decision: Decision,
    severity: Severity,
    /// The rule that called for `decision`: the first by name of those that weigh the same.
    user_key: Option<&'a str>,
    rules: BTreeSet<&'a str>,
    hits: BTreeSet<(&'a str, &'a str)>,
    obligations: BTreeSet<Obligation>,
    signals: BTreeSet<&'a str>,
}

impl<'a> Findings<'a> {
    pub(super) const fn on(medium: Medium) -> Self {
        Self {
            medium,
            decision: Decision::Allow,
            severity: Severity::None,
            user_key: None,
            rules: BTreeSet::new(),
            hits: BTreeSet::new(),
            obligations: BTreeSet::new(),
            signals: BTreeSet::new(),
        }
    }

    /// A rule matched, in that field when it was a single one.
    pub(super) fn rule(
        &mut self,
        rule: &'a str,
        decision: Decision,
        severity: Severity,
        field: Option<&'a str>,
    ) {
        self.rules.insert(rule);
        self.hits.extend(field.map(|field| (field, rule)));
        self.severity = self.severity.max(severity);
        let weighs_as_much = decision == self.decision && decision != Decision::Allow;
        if decision > self.decision {
            self.user_key = Some(rule);
        } else if weighs_as_much {
            self.user_key = self.user_key.map(|known| known.min(rule));
        }
        self.decision = self.decision.max(decision);
        self.obligations.extend(match decision {
            Decision::Rewrite => Some(Obligation::StripHidden),
            Decision::Crisis => Some(Obligation::ShowCrisisAnswer),
            Decision::Escalate => Some(Obligation::FlagOperator),
            Decision::Allow | Decision::Refuse => None,
        });
    }

    /// A rule of the pack matched; what follows depends on the medium.
    pub(super) fn effect(
        &mut self,
        rule: &'a str,
        effects: &Effects,
        severity: Severity,
        field: Option<&'a str>,
    ) {
        match effects.on(self.medium) {
            Some(Effect::Decide(decision)) => self.rule(rule, *decision, severity, field),
            Some(Effect::Oblige { oblige }) => {
                self.rule(rule, Decision::Allow, Severity::None, field);
                self.oblige(*oblige);
            }
            None => {}
        }
    }

    pub(super) fn oblige(&mut self, obligation: Obligation) {
        self.obligations.insert(obligation);
    }

    pub(super) fn signal(&mut self, signal: &'a str) {
        self.signals.insert(signal);
    }

    pub(super) const fn signals(&self) -> &BTreeSet<&'a str> {
        &self.signals
    }

    pub(super) const fn medium(&self) -> Medium {
        self.medium
    }

    /// Weighs what was found.
    pub(super) fn verdict(self, pack: &Pack, normalized_hash: String) -> Verdict {
        let hit = |(field, rule): (&str, &str)| Hit {
            field: field.to_owned(),
            rule: rule.to_owned(),
        };
        Verdict {
            decision: self.decision,
            rules: self.rules.into_iter().map(str::to_owned).collect(),
            hits: self.hits.into_iter().map(hit).collect(),
            severity: self.severity,
            obligations: self.obligations.into_iter().collect(),
            user_key: self.user_key.map(str::to_owned),
            pack: pack.sha256().to_owned(),
            normalized_hash,
        }
    }
}
