use super::*;
use loom::sync::{Arc, atomic as model};

/// The model checker's word.
struct Modelled(model::AtomicU64);

impl Word for Modelled {
    fn load(&self) -> u64 {
        self.0.load(model::Ordering::Acquire)
    }

    fn swap_if(&self, from: u64, to: u64) -> Result<(), u64> {
        self.0.compare_exchange(from, to, model::Ordering::AcqRel, model::Ordering::Acquire).map(drop)
    }

    fn swap(&self, to: u64) -> u64 {
        self.0.swap(to, model::Ordering::AcqRel)
    }
}

fn modelled() -> Arc<Slice<Modelled>> {
    Arc::new(Slice::new(Modelled(model::AtomicU64::new(0))))
}

#[test]
fn in_every_interleaving_each_unit_is_taken_or_given_back_and_never_both() {
    loom::model(|| {
        let slice = modelled();
        assert_eq!(slice.install(5, 100), 0);
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let slice = slice.clone();
                loom::thread::spawn(move || usize::from(slice.take(2, 50).is_some()) * 2)
            })
            .collect();
        // The worker gives the rest back while calls go on.
        let given_back = slice.drain() as usize;
        let taken: usize = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
        assert_eq!(given_back + taken + slice.units() as usize, 5);
        assert_eq!(slice.units(), 0);
    });
}

#[test]
fn in_every_interleaving_no_unit_of_a_new_lease_is_taken_by_the_deadline_of_the_old() {
    loom::model(|| {
        let slice = modelled();
        slice.install(1, 100);
        let late = {
            let slice = slice.clone();
            // This call looked at the clock when the first lease had ended.
            loom::thread::spawn(move || slice.take(1, 100).is_some())
        };
        let rest = slice.drain();
        slice.install(2, 90);
        let was_taken = late.join().unwrap();
        assert_eq!((rest, was_taken, slice.units()), (1, false, 2), "both leases end before it looked");
    });
}

#[test]
fn in_every_interleaving_two_calls_share_what_is_there() {
    loom::model(|| {
        let slice = modelled();
        slice.install(3, 100);
        let other = {
            let slice = slice.clone();
            loom::thread::spawn(move || slice.take(2, 1).is_some())
        };
        let taken = slice.take(2, 1).is_some();
        assert!(taken != other.join().unwrap(), "one of them fits");
        assert_eq!(slice.units(), 1);
    });
}

#[test]
fn nothing_is_taken_from_the_deadline_on() {
    let slice: Slice = Slice::default();
    slice.install(5, 100);
    assert_eq!((slice.take(1, 99), slice.take(1, 100)), (Some(4), None));
    assert_eq!(slice.deadline(), 100);
    assert_eq!(slice.drain(), 4);
    assert_eq!(slice.deadline(), 0);
}

#[test]
fn more_than_there_is_takes_nothing() {
    let slice: Slice = Slice::default();
    assert_eq!(slice.take(1, 0), None);
    slice.install(5, 100);
    assert_eq!((slice.take(6, 0), slice.take(5, 0)), (None, Some(0)));
}

#[test]
fn a_refusal_is_remembered_until_its_instant() {
    let cell = Cell::default();
    let closed = Closed { violated: Violated::Organisation, retry_at: 7, held_elsewhere: true };
    cell.close(closed, 100);
    assert_eq!((cell.closed(99), cell.closed(100)), (Some(closed), None));
    cell.close(closed, 200);
    cell.open();
    assert_eq!(cell.closed(150), None);
}

#[test]
fn an_active_pool_takes_at_most_96_bytes_of_memory() {
    // The cell, its count of holders, and its place in the map: a key and a pointer.
    let of_cell = size_of::<Cell>() + 2 * size_of::<usize>();
    assert!(of_cell <= 80, "{of_cell}");
}

#[test]
fn the_units_that_a_shadow_would_refuse_are_those_that_are_spent_last() {
    let cell = Cell::default();
    cell.shadow(5);
    let shadowed = [(3, 7), (3, 4), (2, 2), (2, 0)].map(|(cost, rest)| cell.shadowed(cost, rest));
    assert_eq!(shadowed, [0, 1, 2, 2]);
}
