//! XChaCha20-Poly1305 with framed associated data: what sealed fields, wrapped keys and rows of side state
//! have in common.

use crate::keyring::Key;
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

/// Long enough to be drawn at random for ever.
pub(crate) const NONCE_BYTES: usize = 24;

/// Ciphertext and tag.
#[expect(clippy::expect_used, reason = "the cipher refuses only texts of 256 GiB and more")]
pub(crate) fn encrypt(key: &Key, nonce: &[u8; NONCE_BYTES], associated: &[u8], clear: &[u8]) -> Vec<u8> {
    let payload = Payload { msg: clear, aad: associated };
    cipher(key).encrypt(&XNonce::from(*nonce), payload).expect("far below 256 GiB")
}

/// `None` when key, associated data or ciphertext are not those of the sealing.
pub(crate) fn decrypt(
    key: &Key,
    nonce: &[u8; NONCE_BYTES],
    associated: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload { msg: ciphertext, aad: associated };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

/// Parts with their lengths before them, so that no two lists of parts have the same bytes.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.reveal().into())
}
