//! Wrapped subject keys. A row stays when its key is destroyed: "erased" and "lost" must not look alike.

use super::{Row, SideState, SideStateError, bytes, column, id, millis, query, sql};
use chrono::{DateTime, Utc};
use domain::ids::SubjectId;
use eventlog::{EventLog, Position};

const TABLE: &str = "subject_keys";
/// Records read at once.
const PAGE: u32 = 500;

/// A subject's key as stored.
pub struct StoredSubjectKey {
    /// Generation of the key.
    pub generation: u32,
    /// The key under its wrapping key; `None` when destroyed.
    pub wrapped: Option<Vec<u8>>,
    /// Which wrapping key.
    pub wrapping_generation: u32,
}

impl StoredSubjectKey {
    fn read(row: &Row) -> Result<Self, SideStateError> {
        Ok(Self {
            generation: column::<u32, i64>(row, 0, TABLE)?,
            wrapped: row.get(1)?,
            wrapping_generation: column::<u32, i64>(row, 2, TABLE)?,
        })
    }
}

impl SideState {
    /// Refuses a log with sealed fields when no key was ever kept here: it came without its side state.
    /// Destroyed keys keep their rows, so a portal that erased everybody opens.
    pub async fn check_keys_of(&self, log: &EventLog) -> Result<(), SideStateError> {
        if query(sql::ANY_SUBJECT_KEY).fetch_optional(&self.store).await?.is_some() {
            return Ok(());
        }
        let mut after = Position(0);
        loop {
            let records = log.read_all(after, PAGE).await.map_err(SideStateError::Log)?;
            let Some(last) = records.last() else { return Ok(()) };
            if records.iter().any(|record| !record.subjects.is_empty()) {
                return Err(SideStateError::NoKeys);
            }
            after = last.position;
        }
    }

    /// Stores a key, durably when Ok. A key that is there already, destroyed or not, stays as it is.
    pub async fn insert_subject_key(
        &self,
        subject: SubjectId,
        key: &StoredSubjectKey,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::INSERT_SUBJECT_KEY)
            .bind(bytes(subject.uuid()))
            .bind(i64::from(key.generation))
            .bind(key.wrapped.clone())
            .bind(i64::from(key.wrapping_generation))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// One generation of a subject's key.
    pub async fn subject_key(
        &self,
        subject: SubjectId,
        generation: u32,
    ) -> Result<Option<StoredSubjectKey>, SideStateError> {
        let query = query(sql::SUBJECT_KEY).bind(bytes(subject.uuid())).bind(i64::from(generation));
        let row = query.fetch_optional(&self.store).await?;
        row.as_ref().map(StoredSubjectKey::read).transpose()
    }

    /// Destroys all keys of a subject, and older copies of them as far as the store has a say in it. Once more does
    /// no harm. [`SideStateError::Busy`] means that a reader of the file held older pages: the keys are gone
    /// from the database, call again to be rid of those too.
    pub async fn destroy_subject_keys(
        &self,
        subject: SubjectId,
        now: DateTime<Utc>,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DESTROY_SUBJECT_KEYS)
            .bind(bytes(subject.uuid()))
            .bind(millis(now))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.store.scrub().await
    }

    /// Keys still wrapped by an older generation than this one, at most `limit`.
    pub async fn keys_wrapped_before(
        &self,
        wrapping_generation: u32,
        limit: u32,
    ) -> Result<Vec<(SubjectId, StoredSubjectKey)>, SideStateError> {
        let query =
            query(sql::KEYS_WRAPPED_BEFORE).bind(i64::from(wrapping_generation)).bind(i64::from(limit));
        let rows = query.fetch_all(&self.store).await?;
        rows.iter()
            .map(|row| Ok((SubjectId::from_uuid(id(row, 3, TABLE)?), StoredSubjectKey::read(row)?)))
            .collect()
    }

    /// Puts a key under another wrapping key; one that was destroyed meanwhile stays destroyed.
    pub async fn rewrap_subject_key(
        &self,
        subject: SubjectId,
        key: &StoredSubjectKey,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::REWRAP_SUBJECT_KEY)
            .bind(bytes(subject.uuid()))
            .bind(i64::from(key.generation))
            .bind(key.wrapped.clone())
            .bind(i64::from(key.wrapping_generation))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
