//! Mails on their way, and how many an address may still get.

use super::{
    BUDGET_WINDOW, Row, SideState, SideStateError, Transaction, bytes, column, id, instant, millis, query,
    sql,
};
use chrono::{DateTime, Utc};
use domain::{ids::IntentId, sealed::Fingerprint};
use eventlog::Position;
use uuid::Uuid;

const TABLE: &str = "outbox";
const CHECKPOINT: &str = "mail.checkpoint";
/// Mails that may wait at once.
pub(crate) const MAILS_MAX: u32 = 100_000;

/// A mail on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Names the mail.
    pub intent: IntentId,
    /// What kind of mail, in one word.
    pub kind: String,
    /// What it needs, sealed for this row.
    pub payload: Vec<u8>,
    /// The event that asked for it; none for sign-ups.
    pub cause: Option<Uuid>,
    /// The relay has taken it; its outcome is to be recorded.
    pub is_sent: bool,
    /// Tries so far.
    pub attempts: u32,
    /// When it is to be tried next.
    pub due_at: DateTime<Utc>,
    /// When it is given up.
    pub expires_at: DateTime<Utc>,
}

/// What a mail counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// What strangers can trigger, and unproven addresses: 3 a day.
    Stranger,
    /// What the owner of a proven address does, and notices about it: 20 a day.
    Own,
    /// What one developer has sent to mailboxes that never answered: 10 a day.
    Asker,
}

impl Budget {
    fn name(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Own => "own",
            Self::Asker => "asker",
        }
    }

    /// Mails an address gets within [`BUDGET_WINDOW`].
    pub fn mails_max(self) -> u32 {
        match self {
            Self::Stranger => 3,
            Self::Own => 20,
            Self::Asker => 10,
        }
    }
}

/// Whether an address may get a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetRoom {
    /// It may; counted now, or before for the same mail.
    Taken,
    /// Not before this instant.
    FullUntil(DateTime<Utc>),
}

impl QueuedMail {
    fn read(row: &Row) -> Result<Self, SideStateError> {
        Ok(Self {
            intent: IntentId::from_uuid(id(row, 0, TABLE)?),
            kind: row.get(1)?,
            payload: row.get(2)?,
            cause: match row.get::<Option<Vec<u8>>>(3)? {
                Some(_) => Some(id(row, 3, TABLE)?),
                None => None,
            },
            is_sent: row.get::<String>(4)? == "sent",
            attempts: column::<u32, i64>(row, 5, TABLE)?,
            due_at: instant(row, 6, TABLE)?,
            expires_at: instant(row, 7, TABLE)?,
        })
    }

    async fn insert(&self, tx: &mut Transaction) -> Result<(), SideStateError> {
        query(sql::INSERT_MAIL)
            .bind(bytes(self.intent.uuid()))
            .bind(self.kind.clone())
            .bind(self.payload.clone())
            .bind(self.cause.map(bytes))
            .bind(millis(self.due_at))
            .bind(millis(self.expires_at))
            .execute(tx)
            .await?;
        Ok(())
    }
}

impl SideState {
    /// Queues a mail if the budget of its address allows; both or neither. A mail that was counted before was
    /// queued then, and perhaps sent: it is not queued again.
    pub async fn enqueue_within_budget(
        &self,
        mail: &QueuedMail,
        address: Fingerprint,
        budget: Budget,
        now: DateTime<Utc>,
    ) -> Result<BudgetRoom, SideStateError> {
        let mut tx = self.begin().await?;
        if count(&mut tx).await? >= MAILS_MAX {
            return Err(SideStateError::Full { table: TABLE });
        }
        if is_counted(&mut tx, mail.intent).await? {
            return Ok(BudgetRoom::Taken);
        }
        let room = take_budget(&mut tx, mail.intent, address, budget, now).await?;
        if room == BudgetRoom::Taken {
            mail.insert(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(room)
    }

    /// Counts a mail that is queued already against a budget.
    pub async fn take_mail_budget(
        &self,
        intent: IntentId,
        address: Fingerprint,
        budget: Budget,
        now: DateTime<Utc>,
    ) -> Result<BudgetRoom, SideStateError> {
        let mut tx = self.begin().await?;
        let room = take_budget(&mut tx, intent, address, budget, now).await?;
        tx.commit().await?;
        Ok(room)
    }

    /// Queues what the log asked for up to a position, and remembers the position, in one step.
    pub async fn enqueue_from_log(
        &self,
        mails: &[QueuedMail],
        checkpoint: Position,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        for mail in mails {
            mail.insert(&mut tx).await?;
        }
        let value = checkpoint.0.to_be_bytes().to_vec();
        query(sql::PUT_META).bind(CHECKPOINT).bind(value).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Up to where the log was read for mails.
    pub async fn mail_checkpoint(&self) -> Result<Position, SideStateError> {
        let row = query(sql::META).bind(CHECKPOINT).fetch_optional(&self.store).await?;
        match row {
            Some(row) => Ok(Position(u64::from_be_bytes(column::<[u8; 8], Vec<u8>>(&row, 0, "meta")?))),
            None => Ok(Position(0)),
        }
    }

    /// Mails to be tried now, longest due first.
    pub async fn due_mails(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<QueuedMail>, SideStateError> {
        let query = query(sql::DUE_MAILS).bind(millis(now)).bind(i64::from(limit));
        query.fetch_all(&self.store).await?.iter().map(QueuedMail::read).collect()
    }

    /// When the next mail is due.
    pub async fn next_mail_due(&self) -> Result<Option<DateTime<Utc>>, SideStateError> {
        let row = query(sql::NEXT_DUE).fetch_one(&self.store).await?;
        match row.get::<Option<i64>>(0)? {
            Some(_) => instant(&row, 0, TABLE).map(Some),
            None => Ok(None),
        }
    }

    /// How many mails wait.
    pub async fn mails_waiting(&self) -> Result<u32, SideStateError> {
        let row = query(sql::COUNT_MAILS).fetch_one(&self.store).await?;
        column::<u32, i64>(&row, 0, TABLE)
    }

    /// A mail that something is still to be done for.
    pub async fn queued_mail(&self, intent: IntentId) -> Result<Option<QueuedMail>, SideStateError> {
        let query = query(sql::QUEUED_MAIL).bind(bytes(intent.uuid()));
        query.fetch_optional(&self.store).await?.as_ref().map(QueuedMail::read).transpose()
    }

    /// Tries a mail again later.
    pub async fn postpone_mail(
        &self,
        intent: IntentId,
        attempts: u32,
        due_at: DateTime<Utc>,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::POSTPONE_MAIL)
            .bind(bytes(intent.uuid()))
            .bind(i64::from(attempts))
            .bind(millis(due_at))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The relay took it.
    pub async fn mark_mail_sent(&self, intent: IntentId, attempts: u32) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::MARK_MAIL_SENT)
            .bind(bytes(intent.uuid()))
            .bind(i64::from(attempts))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// It can't be read: it stays until it expires and is tried no more.
    pub async fn set_mail_aside(&self, intent: IntentId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::SET_MAIL_ASIDE).bind(bytes(intent.uuid())).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Nothing more is to be done for it.
    pub async fn delete_mail(&self, intent: IntentId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_MAIL).bind(bytes(intent.uuid())).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

async fn count(tx: &mut Transaction) -> Result<u32, SideStateError> {
    let row = query(sql::COUNT_MAILS).fetch_one(tx).await?;
    column::<u32, i64>(&row, 0, TABLE)
}

async fn is_counted(tx: &mut Transaction, intent: IntentId) -> Result<bool, SideStateError> {
    let query = query(sql::BUDGET_TAKEN).bind(bytes(intent.uuid()));
    Ok(query.fetch_optional(tx).await?.is_some())
}

async fn take_budget(
    tx: &mut Transaction,
    intent: IntentId,
    address: Fingerprint,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<BudgetRoom, SideStateError> {
    let since = millis(now - BUDGET_WINDOW);
    let taken = query(sql::TAKE_BUDGET)
        .bind(bytes(intent.uuid()))
        .bind(address.0.to_vec())
        .bind(budget.name())
        .bind(millis(now))
        .bind(since)
        .bind(i64::from(budget.mails_max()))
        .execute(tx)
        .await?;
    if taken == 1 || is_counted(tx, intent).await? {
        return Ok(BudgetRoom::Taken);
    }
    let oldest = query(sql::BUDGET_OLDEST)
        .bind(address.0.to_vec())
        .bind(budget.name())
        .bind(since)
        .fetch_one(tx)
        .await?;
    Ok(BudgetRoom::FullUntil(instant(&oldest, 0, "mail_budget")? + BUDGET_WINDOW))
}
