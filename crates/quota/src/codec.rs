//! How an account is stored: a version byte, then numbers of variable length (LEB128). Dates are stored as
//! distances from one another, so that a busy day of 1,440 parts is about 4 KiB.

use crate::{
    account::{Account, Lease, THRESHOLDS},
    window::{Charge, Usage},
};

const FORMAT: u8 = 1;
/// More charges or leases than any account has: a damaged row must not make us ask for memory.
const ENTRIES_MAX: u64 = 1 << 20;

/// A stored account is not one that this program wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored pool is damaged or of a newer program")]
pub struct Damaged;

/// The stored form; `latest` and `recall_until` have columns of their own.
pub(crate) fn encode(account: &Account) -> Vec<u8> {
    let mut out = vec![FORMAT];
    let latest = account.latest;
    put_optional(&mut out, account.usage.anchor, latest);
    put(&mut out, account.usage.charges.len() as u64);
    let mut before = latest;
    for charge in &account.usage.charges {
        put_signed(&mut out, charge.at - before);
        put(&mut out, u64::from(charge.units));
        before = charge.at;
    }
    put(&mut out, account.leases.len() as u64);
    for lease in &account.leases {
        put(&mut out, lease.id);
        put(&mut out, u64::from(lease.units));
        put_signed(&mut out, lease.at - latest);
        put_signed(&mut out, lease.ends - latest);
    }
    for told in account.told {
        put_optional(&mut out, (told != 0).then_some(told), latest);
    }
    put(&mut out, u64::from(account.told_of));
    out
}

/// Reads what [`encode`] wrote; an empty form is an account nothing happened to yet.
pub(crate) fn decode(latest: i64, recall_until: i64, stored: &[u8]) -> Result<Account, Damaged> {
    let (format, rest) = match stored.split_first() {
        None => return Ok(Account { latest, recall_until, ..Account::default() }),
        Some((format, rest)) => (*format, rest),
    };
    if format != FORMAT {
        return Err(Damaged);
    }
    let mut input = Input(rest);
    let anchor = input.optional(latest)?;
    let mut charges = std::collections::VecDeque::new();
    let mut before = latest;
    for _ in 0..input.count()? {
        let at = before.checked_add(input.signed()?).ok_or(Damaged)?;
        charges.push_back(Charge { at, units: input.units()? });
        before = at;
    }
    let mut leases = Vec::new();
    for _ in 0..input.count()? {
        let (id, units) = (input.number()?, input.units()?);
        let (at, ends) = (input.signed()?, input.signed()?);
        let date = |distance: i64| latest.checked_add(distance).ok_or(Damaged);
        leases.push(Lease { id, units, at: date(at)?, ends: date(ends)? });
    }
    let mut told = [0; THRESHOLDS.len()];
    for told in &mut told {
        *told = input.optional(latest)?.unwrap_or(0);
    }
    let told_of = input.units()?;
    if !input.0.is_empty() {
        return Err(Damaged);
    }
    Ok(Account { latest, usage: Usage::restored(charges, anchor), recall_until, leases, told, told_of })
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

/// Zigzag: small distances are short in both directions.
fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn put_optional(out: &mut Vec<u8>, date: Option<i64>, from: i64) {
    match date {
        None => out.push(0),
        Some(date) => {
            out.push(1);
            put_signed(out, date - from);
        }
    }
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Damaged);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    fn signed(&mut self) -> Result<i64, Damaged> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    fn units(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.number()?).map_err(|_| Damaged)
    }

    fn count(&mut self) -> Result<u64, Damaged> {
        let count = self.number()?;
        if count > ENTRIES_MAX { Err(Damaged) } else { Ok(count) }
    }

    fn optional(&mut self, from: i64) -> Result<Option<i64>, Damaged> {
        match self.byte()? {
            0 => Ok(None),
            1 => from.checked_add(self.signed()?).map(Some).ok_or(Damaged),
            _ => Err(Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accounts() -> impl Strategy<Value = Account> {
        let instant = 1_700_000_000_000_i64..1_900_000_000_000;
        let charges = proptest::collection::btree_map(instant.clone(), 1_u32.., 0..40);
        let lease = (any::<u64>(), any::<u32>(), instant.clone(), instant.clone())
            .prop_map(|(id, units, at, ends)| Lease { id, units, at, ends });
        let leases = proptest::collection::vec(lease, 0..6);
        let told = proptest::array::uniform4(-1_900_000_000_000_i64..1_900_000_000_000);
        (instant.clone(), proptest::option::of(instant), charges, leases, told).prop_map(
            |(latest, anchor, charges, leases, told)| {
                let charges = charges.into_iter().map(|(at, units)| Charge { at, units }).collect();
                Account {
                    latest,
                    usage: Usage::restored(charges, anchor),
                    recall_until: 7,
                    leases,
                    told,
                    told_of: 10_000,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn an_account_is_read_as_it_was_written(account in accounts()) {
            prop_assert_eq!(decode(account.latest, 7, &encode(&account)), Ok(account));
        }

        #[test]
        fn damage_is_an_error_and_never_a_panic(account in accounts(), cut in 0_usize..400, flip in any::<u8>()) {
            let mut stored = encode(&account);
            let at = cut % stored.len();
            stored[at] ^= flip;
            let _ = decode(account.latest, 7, &stored);
            stored.truncate(at);
            prop_assert!(at == 0 || decode(account.latest, 7, &stored).is_err());
        }
    }

    #[test]
    fn a_day_with_calls_in_every_minute_is_a_small_row() {
        let charges = (0..1_440).map(|minute| Charge { at: minute * 60_000, units: 100 }).collect();
        let account =
            Account { latest: 86_400_000, usage: Usage::restored(charges, None), ..Account::default() };
        assert!(encode(&account).len() < 6_200, "{}", encode(&account).len());
    }
}
