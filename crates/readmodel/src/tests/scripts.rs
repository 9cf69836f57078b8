//! Histories as scripts: one with every type of event, and random ones.

use super::{
    facts::{allowances, contact_watched, facts, promotion},
    history::Portal,
};
use domain::{
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    mail,
};

impl Portal {
    /// A history with every type of event.
    pub(super) async fn play_everything(&mut self) {
        self.enrol_staff().await;
        let gateway = self.gateway("Frankfurt").await;
        self.rotate_and_retire(gateway).await;
        let owner = self.sign_up().await;
        let group = self.group(owner, "Quiz lab").await;
        assert!(self.rename(group, "Quiz laboratory").await);
        let quiz = self.register(owner, group, facts("Quiz")).await;
        assert!(self.declare(quiz, facts("Quiz plus")).await);
        assert!(self.issue_secret(quiz).await);
        assert!(self.try_secret_out(quiz).await);
        assert!(self.watch(GroupRef::Development(group), 80).await);
        for event in allowances(GroupRef::Development(group), owner, self.now()) {
            assert!(self.allow(GroupRef::Development(group), event.clone()).await, "{event:?}");
        }
        let lab = GroupRef::Development(self.groups[0]);
        self.play_roster(owner, (GroupRef::Development(group), quiz), lab).await;
        let account = self.account(owner, "Acme").await;
        assert!(self.prove_contact(account).await);
        for event in contact_watched(self.now()) {
            assert!(self.watch_contact(account, event.clone()).await, "{event:?}");
        }
        assert!(self.declare_contact(account).await);
        let unsent = self.request_challenge(account).await;
        let failed = mail::Failed { attempt: 3, class: mail::FailureClass::Exhausted };
        self.mail(unsent, mail::Event::Failed(failed)).await;
        let released = self.draft(owner, account, "Acme - Quiz").await;
        assert!(self.move_to(quiz, GroupRef::Production(released)).await);
        assert!(self.move_to(quiz, GroupRef::Development(group)).await);
        assert!(self.move_to(quiz, GroupRef::Production(released)).await);
        for event in promotion(released, owner, self.now()) {
            assert!(self.promote(released, event.clone()).await, "{event:?}");
        }
        let other = self.sign_up().await;
        self.release_claim(other).await;
    }

    /// One step of a random history; steps that can't follow do nothing.
    pub(super) async fn step(&mut self, what: u8, which: u8) {
        let pick = |len: usize| usize::from(which) % len.max(1);
        let owner = match self.developers.get(pick(self.developers.len())) {
            Some(owner) => *owner,
            None => self.sign_up().await,
        };
        let group = self.groups[pick(self.groups.len())];
        let integration = self.integrations.get(pick(self.integrations.len())).map(|(id, _)| *id);
        let account = self.accounts.get(pick(self.accounts.len())).copied();
        let promoted = self.prod_groups.get(pick(self.prod_groups.len())).copied();
        match (what % 17, integration, account, promoted) {
            (0, ..) => {
                self.sign_up().await;
            }
            (1, ..) => {
                self.group(owner, &format!("Group {which}")).await;
            }
            (2, ..) => {
                self.rename(group, &format!("Renamed {which}")).await;
            }
            (3, ..) => {
                self.register(owner, group, facts(&format!("Tool {which}"))).await;
            }
            (4, Some(id), ..) => {
                self.declare(id, facts(&format!("Tool {which} again"))).await;
            }
            (5, Some(id), ..) => {
                self.issue_secret(id).await;
            }
            (6, Some(id), ..) => {
                self.move_to(id, GroupRef::Development(group)).await;
            }
            (7, Some(id), _, Some(to)) => {
                self.move_to(id, GroupRef::Production(to)).await;
            }
            (8, ..) => {
                self.account(owner, &format!("Vendor {which}")).await;
            }
            (9, _, Some(account), _) => {
                self.prove_contact(account).await;
            }
            (10, _, Some(account), _) => {
                self.declare_contact(account).await;
            }
            (11, _, Some(account), _) => {
                self.draft(owner, account, &format!("Release {which}")).await;
            }
            (12 | 13, _, _, Some(group)) => {
                let events = promotion(group, owner, self.now());
                let event = events[usize::from(which) % events.len()].clone();
                self.promote(group, event).await;
            }
            (14, _, _, Some(released)) if which.is_multiple_of(2) => {
                self.allow_one(GroupRef::Production(released), which).await;
            }
            (14, ..) => {
                self.allow_one(GroupRef::Development(group), which).await;
            }
            (15, Some(id), ..) => {
                self.try_secret_out(id).await;
            }
            (16, Some(id), ..) => {
                self.come_and_go(owner, (GroupRef::Development(group), id), which).await;
            }
            _ => {}
        }
    }

    async fn come_and_go(&mut self, owner: DeveloperId, seat: (GroupRef, IntegrationId), which: u8) {
        self.seat(owner, seat, u32::from(which) % 6).await;
        if !which.is_multiple_of(2) {
            self.unseat(owner, seat, u32::from(which) % 6).await;
        }
    }

    async fn allow_one(&mut self, group: GroupRef, which: u8) {
        let events = allowances(group, self.developers[0], self.now());
        self.allow(group, events[usize::from(which / 2) % events.len()].clone()).await;
    }
}
