//! Sessions, found by the keyed hash of their token.

use super::{SideState, SideStateError, bytes, id, instant, millis, query, sql};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{DeveloperId, SessionId, StaffId};
use uuid::Uuid;

const TABLE: &str = "sessions";
/// A session ends when it is not used for so long.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(60);
/// Use is noted at most this often: a durable write for each request would cost more than it tells.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Sessions one principal may have; the oldest make room.
const SESSIONS_PER_OWNER_MAX: i64 = 20;

/// Whose session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionOwner {
    /// A developer's.
    Developer(DeveloperId),
    /// A member of staff's.
    Staff(StaffId),
}

impl SessionOwner {
    fn kind(self) -> &'static str {
        match self {
            Self::Developer(_) => "developer",
            Self::Staff(_) => "staff",
        }
    }

    fn uuid(self) -> Uuid {
        match self {
            Self::Developer(developer) => developer.uuid(),
            Self::Staff(staff) => staff.uuid(),
        }
    }

    fn read(kind: &str, uuid: Uuid) -> Result<Self, SideStateError> {
        match kind {
            "developer" => Ok(Self::Developer(DeveloperId::from_uuid(uuid))),
            "staff" => Ok(Self::Staff(StaffId::from_uuid(uuid))),
            _ => Err(SideStateError::Malformed { table: TABLE }),
        }
    }
}

/// A live session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSession {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub owner: SessionOwner,
    /// Its absolute end.
    pub expires_at: DateTime<Utc>,
}

impl SideState {
    /// Begins a session.
    pub async fn insert_session(
        &self,
        token_hash: &[u8; 32],
        session: &StoredSession,
        now: DateTime<Utc>,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::INSERT_SESSION)
            .bind(token_hash.to_vec())
            .bind(bytes(session.session.uuid()))
            .bind(session.owner.kind())
            .bind(bytes(session.owner.uuid()))
            .bind(millis(now))
            .bind(millis(session.expires_at))
            .execute(&mut tx)
            .await?;
        query(sql::DELETE_OLDEST_SESSIONS)
            .bind(bytes(session.owner.uuid()))
            .bind(session.owner.kind())
            .bind(SESSIONS_PER_OWNER_MAX)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The live session of a token; notes the use, once a minute.
    pub async fn session(
        &self,
        token_hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<StoredSession>, SideStateError> {
        let row = query(sql::SESSION)
            .bind(token_hash.to_vec())
            .bind(millis(now))
            .bind(millis(now - SESSION_IDLE))
            .fetch_optional(&self.store)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let session = StoredSession {
            session: SessionId::from_uuid(id(&row, 0, TABLE)?),
            owner: SessionOwner::read(&row.get::<String>(1)?, id(&row, 2, TABLE)?)?,
            expires_at: instant(&row, 4, TABLE)?,
        };
        if instant(&row, 3, TABLE)? <= now - TOUCH_EVERY {
            let mut tx = self.begin().await?;
            let query = query(sql::TOUCH_SESSION).bind(token_hash.to_vec()).bind(millis(now));
            query.execute(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(Some(session))
    }

    /// Ends a session.
    pub async fn end_session(&self, session: SessionId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_SESSION).bind(bytes(session.uuid())).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Ends all sessions of a principal.
    pub async fn end_sessions_of(&self, owner: SessionOwner) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_SESSIONS_OF).bind(bytes(owner.uuid())).bind(owner.kind()).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}
