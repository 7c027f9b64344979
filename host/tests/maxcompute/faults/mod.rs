//! Each request that the sink makes fails in each way, in a run of its own.

mod kinds;
mod requests;
mod shop;

use cdc_host::flow::{FlowError, UnknownFate};
use futures_util::stream::{self, StreamExt};
use maxcompute_emulator::Fault;

use self::kinds::{FOR_LONG, Kind, ONCE};
use self::requests::{Made, made};
use crate::world::World;

/// Runs beside each other.
const AT_ONCE: usize = 8;

/// How a run with a fault went.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Nobody but the sink noticed.
    Well,
    /// It stopped; the next start made it good.
    Restarted,
}

async fn requests() -> Vec<Made> {
    let world = World::start(shop::script()).await;
    world.run().await.unwrap();
    let journal = world.warehouse.emulator.journal().entries();
    assert_eq!(world.difference(shop::ALL).await, None);
    made(&journal)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_fails_once_in_each_way_and_nothing_is_lost_or_doubled() {
    let requests = requests().await;
    eprintln!("{} requests", requests.len());
    for operation in
        ["create-instance", "write-upsert", "commit-upsert", "write-upload-block", "commit-upload"]
    {
        assert!(
            requests.iter().any(|made| made.place.operation == operation),
            "the run makes no {operation}"
        );
    }
    let pairs = requests.iter().flat_map(|made| {
        ONCE.iter().filter(|kind| kind.meets(made)).map(move |kind| (kind, made.place.pattern()))
    });
    all(pairs.map(|(kind, pattern)| (*kind, format!("{pattern} {}", kind.words))).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fail_until_somebody_repairs_it_stop_the_pipeline_and_nothing_is_lost_or_doubled() {
    let mut places: Vec<String> = requests().await.iter().map(|made| made.place.everywhere()).collect();
    places.sort_unstable();
    places.dedup();
    let pairs = places
        .iter()
        .flat_map(|pattern| FOR_LONG.iter().map(move |kind| (*kind, format!("{pattern} {}", kind.words))));
    all(pairs.collect()).await;
}

async fn all(pairs: Vec<(Kind, String)>) {
    let count = pairs.len();
    let began = std::time::Instant::now();
    let results: Vec<_> = stream::iter(pairs)
        .map(|(kind, fault)| tokio::spawn(async move { (pair(kind, &fault).await, fault) }))
        .buffer_unordered(AT_ONCE)
        .map(Result::unwrap)
        .collect()
        .await;
    let restarted = results.iter().filter(|(ended, _)| *ended == Ok(Ended::Restarted)).count();
    let wrong: Vec<String> = results
        .into_iter()
        .filter_map(|(ended, fault)| Some(format!("{fault}\n    {}", ended.err()?)))
        .collect();
    eprintln!("{count} runs, {restarted} with a restart, {} wrong, {:?}", wrong.len(), began.elapsed());
    assert!(wrong.is_empty(), "{} of {count} runs:\n{}", wrong.len(), wrong.join("\n"));
}

/// A run with one fault; says what is wrong with it.
async fn pair(kind: Kind, fault: &str) -> Result<Ended, String> {
    let world = World::start(shop::script()).await;
    let emulator = &world.warehouse.emulator;
    let parsed: Fault = fault.parse().map_err(|error| format!("{error}"))?;
    let id = emulator.faults().add(parsed);
    let met = || emulator.faults().list().first().map_or(0, |fault| fault.injected);

    let first = if kind.hangs {
        let expire = async {
            emulator.faults().met(id).await;
            world.clock.expire();
        };
        let mut running = std::pin::pin!(world.run());
        tokio::select! {
            ended = &mut running => ended,
            () = expire => running.await,
        }
    } else {
        world.run().await
    };
    if met() == 0 {
        return Err(format!("the fault met no request: {first:?}"));
    }
    let journal = emulator.journal().entries();
    if !kind.hangs && !journal.iter().any(|entry| !entry.faults.is_empty()) {
        return Err("the journal shows no fault".into());
    }
    emulator.faults().clear();

    let Err(error) = first else {
        return world.difference(shop::ALL).await.map_or(Ok(Ended::Well), Err);
    };
    let message = error.to_string();
    if kind.is_answered() && !message.contains("request id") {
        return Err(format!("the error does not name the request: {message}"));
    }
    if let Err(again) = restart(&world, error).await {
        return Err(format!("the next start fails: {again}; the first one: {message}"));
    }
    match world.difference(shop::ALL).await {
        None => Ok(Ended::Restarted),
        Some(difference) => Err(format!("{difference}; after: {message}")),
    }
}

/// Start again, as an operator would who looks into the table where nobody else can tell.
async fn restart(world: &World, stopped: FlowError) -> Result<(), FlowError> {
    let fate = match &stopped {
        FlowError::Unknown { entry, .. } => {
            // The first entry holds nothing.
            let visits = shop::VISITS[usize::try_from(*entry).unwrap() - 2];
            let are_there = world.difference(&[("visits", visits)]).await.is_none();
            Some(if are_there { UnknownFate::AssumeCommitted } else { UnknownFate::Replay })
        }
        _ => None,
    };
    world.run_with(fate).await
}
