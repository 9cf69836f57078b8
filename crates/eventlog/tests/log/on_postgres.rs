//! What the PostgreSQL engine promises beyond the contract: several nodes, one log.

use crate::conformance::{append_to_own_and_shared, assert_whole, follow};
use crate::given::{Database, batch, clock, everything, name, one, open_with, part, until_head};
use eventlog::{
    AppendError, Appended, EventLog, Hooks, OpenError, Position, ReadError, StreamVersion, check, export,
    import,
};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// What tasks that run already come to. They are begun before the first is waited for.
async fn join_all<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let begun: Vec<_> = tasks.into_iter().collect();
    let mut done = Vec::new();
    for task in begun {
        done.push(task.await.unwrap());
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_nodes_that_start_at_once_make_one_log() {
    let database = Database::new();
    let opening = (0..8).map(|_| {
        let options = database.options();
        tokio::spawn(async move { EventLog::open_postgres(options, clock()).await.unwrap().head() })
    });
    let heads = join_all(opening).await;
    assert!(heads.iter().all(|head| *head == heads[0]));
    assert_eq!(database.query("SELECT count(*) FROM log_head"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_on_three_nodes_make_one_gapless_order_that_each_node_follows() {
    const NODES: u128 = 3;
    const WRITERS: u128 = 6;
    const APPENDS: u128 = 20;
    let database = Database::new();
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(database.open().await);
    }
    let last = Position(2 * (NODES * WRITERS * APPENDS) as u64);
    let readers: Vec<_> = nodes.iter().map(|node| tokio::spawn(follow(node.clone(), last))).collect();
    let writers = (0..NODES * WRITERS).map(|writer| {
        let node = nodes[(writer % NODES) as usize].clone();
        tokio::spawn(async move {
            for n in 0..APPENDS {
                append_to_own_and_shared(&node, writer, n).await;
            }
        })
    });
    join_all(writers).await;
    let seen = join_all(readers).await;
    for (node, seen) in nodes.iter().zip(seen) {
        until_head(node, last).await;
        assert_whole(node, &seen);
        assert_eq!(node.head(), nodes[0].head());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_racing_appends_over_four_nodes_one_wins_each_version() {
    const RACERS: u128 = 64;
    const VERSIONS: u64 = 12;
    let database = Database::new();
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(database.open().await);
    }
    for version in 0..VERSIONS {
        let racing = (0..RACERS).map(|racer| {
            let node = nodes[(racer % 4) as usize].clone();
            let command = u128::from(version) << 32 | racer;
            tokio::spawn(async move { node.append(one(command, "a-1", version)).await })
        });
        let mut winners = 0;
        for outcome in join_all(racing.collect::<Vec<_>>()).await {
            match outcome {
                Ok(won) => {
                    winners += 1;
                    assert_eq!((won.first, won.replayed), (Position(version + 1), false));
                }
                Err(AppendError::Conflict { expected, actual, .. }) => {
                    assert_eq!((expected, actual), (StreamVersion(version), StreamVersion(version + 1)));
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(winners, 1, "version {version}");
    }
    assert_whole(&nodes[0], &everything(&nodes[0]).await);
    assert_eq!(nodes[0].head().position, Position(VERSIONS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_raced_for_on_two_nodes_is_taken_once_and_guards_hold_between_them() {
    let database = Database::new();
    let (here, there) = (database.open().await, database.open().await);
    for n in 0..20_u128 {
        let claim = format!("claim.name-{n}");
        let take = |node: &EventLog, command: u128, own: String| {
            let (node, streams) = (node.clone(), vec![part(&own, 0, 1), part(&claim, 0, 1)]);
            tokio::spawn(async move { node.append(batch(command, streams)).await })
        };
        let taken = [take(&here, 2 * n, format!("left-{n}")), take(&there, 2 * n + 1, format!("right-{n}"))];
        let outcomes = join_all(taken).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let holder = here.stream_version(&name(&claim)).await.unwrap();
        assert_eq!(holder, StreamVersion(1));
    }
    here.append(one(1_000, "guarded-1", 0)).await.unwrap();
    let guard = |version| vec![part("a-1", 0, 1), part("guarded-1", version, 0)];
    let stale = there.append(batch(1_001, guard(0))).await;
    assert!(matches!(stale, Err(AppendError::Conflict { .. })));
    there.append(batch(1_002, guard(1))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_sent_to_two_nodes_at_once_is_appended_once_however_old_it_is() {
    let database = Database::new();
    let (here, there) = (database.open().await, database.open().await);
    for n in 0..20_u128 {
        let send = |node: &EventLog| {
            let node = node.clone();
            tokio::spawn(async move { node.append(one(n, &format!("a-{n}"), 0)).await.unwrap() })
        };
        let answers = join_all([send(&here), send(&there), send(&here), send(&there)]).await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.first == Position(n as u64 + 1)));
    }
    let again = there.append(one(0, "a-0", 0)).await.unwrap();
    let versions = vec![(name("a-0"), StreamVersion(1))];
    assert_eq!(again, Appended { first: Position(1), last: Position(1), versions, replayed: true });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bell_tells_other_nodes_much_sooner_than_they_would_look() {
    const APPENDS: u128 = 20;
    let database = Database::new();
    let (here, there) = (database.open().await, database.open().await);
    here.append(one(0, "a-0", 0)).await.unwrap();
    until_head(&there, Position(1)).await;
    let begun = Instant::now();
    for n in 1..=APPENDS {
        here.append(one(n, &format!("a-{n}"), 0)).await.unwrap();
        until_head(&there, Position(n as u64 + 1)).await;
    }
    // Looking alone, every half second, takes a quarter of a second on average.
    assert!(begun.elapsed() < Duration::from_millis(100) * APPENDS as u32, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hears_no_bell_misses_nothing() {
    const APPENDS: u64 = 8;
    let database = Database::new();
    let (here, there) = (database.open().await, database.open().await);
    let reader = tokio::spawn(follow(there.clone(), Position(APPENDS)));
    for n in 0..APPENDS {
        let deafened = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        database.query(deafened);
        here.append(one(n.into(), &format!("a-{n}"), 0)).await.unwrap();
    }
    assert_whole(&there, &reader.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_moves_to_the_embedded_engine_with_every_byte() {
    let database = Database::new();
    let log = database.open().await;
    for n in 0..30 {
        let streams = vec![part("a-1", 2 * n as u64, 2), part(&format!("b-{n}"), 0, 1)];
        log.append(batch(n, streams)).await.unwrap();
    }
    let mut lines = Vec::new();
    let exported = export(&log, &mut lines).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(import(&lines[..], dir.path(), &clock()).unwrap(), exported);
    assert_eq!(check(dir.path(), &clock()).unwrap().digest, exported.digest);
    let moved = open_with(dir.path(), Hooks::default()).await;
    assert_eq!(moved.head(), log.head());
    assert_eq!(everything(&moved).await, everything(&log).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_can_neither_be_changed_nor_removed_by_a_statement() {
    let database = Database::new();
    let log = database.open().await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    for statement in ["UPDATE log_events SET version = 2", "DELETE FROM log_events", "TRUNCATE log_events"] {
        let tried = format!(
            "DO $$ BEGIN {statement}; EXCEPTION WHEN raise_exception THEN RAISE NOTICE 'refused'; END $$"
        );
        database.query(&tried);
        assert_eq!(database.query("SELECT count(*) FROM log_events WHERE version = 1"), "1", "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_somebody_changed_is_never_served() {
    let database = Database::new();
    let log = database.open().await;
    for n in 0..10 {
        log.append(one(n, "a-1", n as u64)).await.unwrap();
    }
    database.query("ALTER TABLE log_events DISABLE TRIGGER ALL");
    let sound = database.query("SELECT encode(record, 'hex') FROM log_events WHERE position = 7");
    let bits = sound.len() * 4;
    for bit in (0..bits).step_by(bits / 50) {
        database.query(&format!(
            "UPDATE log_events SET record = set_bit(record, {bit}, 1 - get_bit(record, {bit})) WHERE position = 7"
        ));
        for read in [
            log.read_all(Position(0), 100).await,
            log.read_all(Position(6), 1).await,
            log.read_stream(&name("a-1"), StreamVersion(0), 100).await,
        ] {
            assert!(matches!(read, Err(ReadError::Corrupt { .. })), "bit {bit}: {read:?}");
        }
        let opened = EventLog::open_postgres(database.options(), clock()).await;
        assert!(matches!(opened.err(), Some(OpenError::Damaged { .. })), "bit {bit}");
        database
            .query(&format!("UPDATE log_events SET record = decode('{sound}', 'hex') WHERE position = 7"));
    }
    assert_eq!(everything(&log).await.len(), 10);
    database.query("DELETE FROM log_events WHERE position = 4");
    let read = log.read_all(Position(0), 100).await;
    assert!(matches!(read, Err(ReadError::Corrupt { position: Position(4), .. })), "{read:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_a_later_program_are_refused_untouched() {
    let database = Database::new();
    database.open().await.close().await;
    database.query("INSERT INTO log_migrations (version) VALUES (99)");
    let refused = EventLog::open_postgres(database.options(), clock()).await.err();
    assert!(matches!(refused, Some(OpenError::NewerSchema { found: 99, known: 1 })));
    assert_eq!(database.query("SELECT count(*) FROM log_migrations"), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_caller_went_away_completes() {
    let database = Database::new();
    let log = database.open().await;
    for n in 0..50 {
        let mut append = Box::pin(async { log.append(one(n, &format!("a-{n}"), 0)).await });
        let poll_once = std::future::poll_fn(|context| {
            std::task::Poll::Ready(append.as_mut().poll(context).is_pending())
        });
        assert!(poll_once.await);
        drop(append);
    }
    until_head(&log, Position(50)).await;
    assert_whole(&log, &everything(&log).await);
    let open = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    log.close().await;
    assert_eq!(database.query(open), "0");
}
