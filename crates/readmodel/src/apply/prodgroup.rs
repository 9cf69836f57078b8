//! Production groups and their promotions.

use super::{
    ApplyError, Statement, change, json, notice, position, sql, stream_uuid, timeline, version, word,
};
use crate::PromotionState;
use domain::{group::GroupRef, ids::ProdGroupId, prodgroup::Event};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    timeline::add(tx, record, timeline::of_group(&event)).await?;
    if let Event::ProductionApproved(approved) = &event {
        let group = GroupRef::Production(ProdGroupId::from_uuid(stream_uuid(record)?));
        notice::of_approval(tx, record, group, approved).await?;
    }
    change(tx, statement(record, event)?).await
}

fn statement(record: &Record, event: Event) -> Result<Statement, ApplyError> {
    let about = |sql: &'static str| -> Result<Statement, ApplyError> {
        let id = ProdGroupId::from_uuid(stream_uuid(record)?).to_string();
        Ok(sqlx::query(sql).bind(id).bind(version(record)))
    };
    let enter = |sql, state: PromotionState| Ok::<_, ApplyError>(about(sql)?.bind(state.as_str()));
    match event {
        Event::Drafted(drafted) => Ok(about(sql::PROD_GROUP_ADD)?
            .bind(position(record))
            .bind(drafted.account.to_string())
            .bind(drafted.name)
            .bind(PromotionState::Draft.as_str())
            .bind(json(&drafted.limits)?)),
        Event::Renamed(renamed) => Ok(about(sql::PROD_GROUP_NAME)?.bind(renamed.name)),
        // Where an integration lives is told by its own stream.
        Event::IntegrationAdmitted(_) | Event::IntegrationReleased(_) => about(sql::PROD_GROUP_TOUCH),
        Event::LimitsAsked(asked) => {
            Ok(about(sql::PROD_GROUP_ASK)?.bind(json(&asked.asked)?).bind(json(&asked.justification)?))
        }
        Event::Submitted(submitted) => Ok(enter(sql::PROD_GROUP_SUBMIT, PromotionState::Submitted)?
            .bind(submitted.submission.to_string())
            .bind(position(record))
            .bind(record.recorded_at.timestamp_millis())
            .bind(submitted.by.to_string())
            .bind(json(&submitted.asked)?)
            .bind(json(&submitted.evidence)?)
            .bind(submitted.expires_at.timestamp_millis())),
        Event::Withdrawn(_) => enter(sql::PROD_GROUP_CLOSE, PromotionState::Withdrawn),
        Event::ReviewStarted(started) => {
            Ok(enter(sql::PROD_GROUP_REVIEW, PromotionState::InReview)?.bind(started.staff.to_string()))
        }
        Event::ChangesRequested(requested) => {
            Ok(enter(sql::PROD_GROUP_ANSWER, PromotionState::ChangesRequested)?
                .bind(word(requested.reason)?)
                .bind(requested.note.as_ref().map(json).transpose()?)
                .bind(requested.expires_at.timestamp_millis()))
        }
        Event::FirstApprovalRecorded(approval) => {
            Ok(about(sql::PROD_GROUP_FIRST_APPROVAL)?.bind(approval.staff.to_string()))
        }
        Event::ProductionApproved(approved) => Ok(enter(sql::PROD_GROUP_APPROVE, PromotionState::Approved)?
            .bind(word(approved.tier)?)
            .bind(json(&approved.limits)?)
            .bind(approved.approved_at.timestamp_millis())),
        Event::ProductionRefused(refused) => Ok(enter(sql::PROD_GROUP_ANSWER, PromotionState::Refused)?
            .bind(word(refused.reason)?)
            .bind(refused.note.as_ref().map(json).transpose()?)
            .bind(None::<i64>)),
        Event::SubmissionExpired(_) => enter(sql::PROD_GROUP_CLOSE, PromotionState::Expired),
    }
}
