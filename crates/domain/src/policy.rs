//! Numbers and lists that are policy, not code. The version in force is recorded on every decision.

use crate::{
    address::DisposableDomains,
    group::{Limits, Partition, WindowKind},
};
use serde::{Deserialize, Serialize};

/// The named sizes staff grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    /// Every development group and every draft production group.
    #[serde(rename = "development")]
    Development,
    /// The usual production size.
    #[serde(rename = "standard")]
    Standard,
    /// For vendors with many customers.
    #[serde(rename = "large")]
    Large,
    /// Numbers of its own; above `large` it needs two staff.
    #[serde(rename = "custom")]
    Custom,
}

/// Everything a decision may weigh that an operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Recorded in each envelope; raise it when a number changes.
    pub version: u32,
    /// Development groups and drafts.
    pub development: Limits,
    /// Standard production tier.
    pub standard: Limits,
    /// Large production tier; above it two staff must approve.
    pub large: Limits,
    /// Development groups one developer may own.
    pub dev_groups_per_owner: u32,
    /// Production accounts one developer may own.
    pub accounts_per_owner: u32,
    /// Integrations one development group may hold; with the groups of an owner it bounds what one person makes.
    pub integrations_per_group: u32,
    /// Calls per window over the sum of one owner's development groups, so that many groups buy no quota.
    pub owner_development_calls: u32,
    /// Customer sites over the sum of one owner's development groups.
    pub owner_development_sites: u32,
    /// Calls per window over the sum of the development groups of all owners whose proven addresses are at one
    /// registrable domain that is not anybody's.
    pub organisation_development_calls: u32,
    /// Customer sites over the sum of the same groups.
    pub organisation_development_sites: u32,
    /// Hours a released site goes on taking its place.
    pub site_cooling_hours: u32,
    /// Seconds a production group goes on while the ledger of calls does not answer; a development group does
    /// not.
    pub ledger_grace_seconds: u32,
    /// Thousandths of its limit that a production group may use in that time.
    pub ledger_grace_per_mille: u32,
    /// Days a proof of a contact stands.
    pub contact_proof_days: u32,
    /// Days in which a contact can be proven anew before too much evidence against it ends its proof.
    pub contact_grace_days: u32,
    /// Days between looks at the mail hosts of a proven contact.
    pub contact_check_days: u32,
    /// Hours a contact challenge can be answered.
    pub contact_challenge_hours: u32,
    /// Days after which an unanswered request for changes, or an untouched submission, expires.
    pub submission_life_days: u32,
    /// Terms a developer must have accepted to submit for production.
    pub terms_version: String,
    /// Whole tokens refused in production group names.
    pub banned_name_tokens: Vec<String>,
    /// Domains of throw-away mail providers, which no contact may be at.
    pub disposable_domains: DisposableDomains,
    /// Mail domains without mail of their own (`.test`, `.example`) that are accepted all the same.
    /// Set by demo and tests only; refused in production mode.
    pub reserved_mail_domains: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        let day = 86_400;
        let (window, partition) = (WindowKind::Rolling, Partition::Group);
        let limits = |calls, sites| Limits { calls, window_s: day, window, sites, partition };
        Self {
            version: 1,
            development: limits(10_000, 6),
            standard: limits(150_000, 25),
            large: limits(500_000, 50),
            dev_groups_per_owner: 25,
            accounts_per_owner: 5,
            integrations_per_group: 200,
            owner_development_calls: 10_000,
            owner_development_sites: 6,
            organisation_development_calls: 50_000,
            organisation_development_sites: 30,
            site_cooling_hours: 24,
            ledger_grace_seconds: 60,
            ledger_grace_per_mille: 10,
            contact_proof_days: 180,
            contact_grace_days: 14,
            contact_check_days: 7,
            contact_challenge_hours: 72,
            submission_life_days: 60,
            terms_version: "2026-11".to_owned(),
            banned_name_tokens: [
                "rest",
                "api",
                "blackboard",
                "anthology",
                "test",
                "stage",
                "staging",
                "prod",
                "production",
                "dev",
            ]
            .map(str::to_owned)
            .to_vec(),
            disposable_domains: DisposableDomains::default(),
            reserved_mail_domains: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn the_starting_numbers_are_the_announced_ones() {
        let policy = Policy::default();
        let sizes =
            [policy.development, policy.standard, policy.large].map(|limits| (limits.calls, limits.sites));
        assert_eq!(sizes, [(10_000, 6), (150_000, 25), (500_000, 50)]);
        assert!(
            [policy.development, policy.standard, policy.large]
                .iter()
                .all(|limits| limits.window_s == 86_400)
        );
        assert_eq!((policy.contact_proof_days, policy.contact_challenge_hours), (180, 72));
    }

    #[test]
    fn banned_words_are_compared_in_lower_case_so_they_are_written_so() {
        let policy = Policy::default();
        assert!(
            policy.banned_name_tokens.iter().all(|word| *word == word.to_lowercase() && !word.is_empty())
        );
    }

    #[test]
    fn no_reserved_mail_domain_is_accepted_unless_somebody_sets_it() {
        assert_eq!(Policy::default().reserved_mail_domains, Vec::<String>::new());
    }
}
