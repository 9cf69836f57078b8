//! Keyed hashes of gateways' credentials.

use super::{SideState, SideStateError, bytes, column, id, query, sql};
use domain::ids::{GatewayCredentialId, GatewayId};

const TABLE: &str = "gateway_credentials";
/// Credentials of all gateways, those that failed commands left behind included.
const CREDENTIALS_MAX: i64 = 1_000;

/// A stored credential; whether it is live is told by its gateway's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredGatewayCredential {
    /// Which.
    pub credential: GatewayCredentialId,
    /// Whose.
    pub gateway: GatewayId,
    /// Keyed hash of its 32 bytes.
    pub hash: [u8; 32],
}

impl SideState {
    /// Stores a credential; one that is there already stays.
    pub async fn insert_gateway_credential(
        &self,
        stored: &StoredGatewayCredential,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        let inserted = query(sql::INSERT_GATEWAY_CREDENTIAL)
            .bind(bytes(stored.credential.uuid()))
            .bind(bytes(stored.gateway.uuid()))
            .bind(stored.hash.to_vec())
            .bind(CREDENTIALS_MAX)
            .execute(&mut tx)
            .await?;
        if inserted == 0 {
            return Err(SideStateError::Full { table: TABLE });
        }
        Ok(tx.commit().await?)
    }

    /// All credentials there are.
    pub async fn gateway_credentials(&self) -> Result<Vec<StoredGatewayCredential>, SideStateError> {
        let rows = query(sql::GATEWAY_CREDENTIALS).fetch_all(&self.store).await?;
        let stored = rows.iter().map(|row| {
            Ok(StoredGatewayCredential {
                credential: GatewayCredentialId::from_uuid(id(row, 0, TABLE)?),
                gateway: GatewayId::from_uuid(id(row, 1, TABLE)?),
                hash: column::<[u8; 32], Vec<u8>>(row, 2, TABLE)?,
            })
        });
        stored.collect()
    }

    /// Forgets a credential.
    pub async fn delete_gateway_credential(
        &self,
        credential: GatewayCredentialId,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        let delete = query(sql::DELETE_GATEWAY_CREDENTIAL).bind(bytes(credential.uuid()));
        delete.execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets all credentials of a gateway.
    pub async fn delete_gateway_credentials_of(&self, gateway: GatewayId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        let delete = query(sql::DELETE_GATEWAY_CREDENTIALS_OF).bind(bytes(gateway.uuid()));
        delete.execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}
