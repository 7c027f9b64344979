//! The connectors' inner loops in a component and in a native program of the same source and profile.

use std::path::Path;

use tokio::process::Command;

use crate::component::{Component, workload};
use crate::harness::run;
use crate::report::{Report, Series};

const ROUNDS: usize = 11;

/// What is measured.
struct Workload {
    name: &'static str,
    iterations: u32,
    /// How many are one of the unit.
    scale: f64,
    unit: &'static str,
    /// A variant with the processor's instruction for CRCs.
    hardware: bool,
    /// A variant by another library, with so many iterations.
    baseline: Option<u32>,
}

const WORKLOADS: [Workload; 4] = [
    rows("decode", false, Some(2)),
    rows("transactions", false, Some(2)),
    rows("encode", true, None),
    Workload { name: "checksum", iterations: 40, scale: 1e9, unit: "GB/s", hardware: true, baseline: None },
];

const fn rows(name: &'static str, hardware: bool, baseline: Option<u32>) -> Workload {
    Workload { name, iterations: 40, scale: 1e6, unit: "M rows/s", hardware, baseline }
}

struct Measured {
    /// Of one row or byte.
    nanos: f64,
    digest: f64,
}

/// What a workload took, round by round.
#[derive(Default)]
struct Times {
    guest: Series,
    native: Series,
    hardware: Series,
    baseline: Series,
}

/// Measure and print.
pub(crate) async fn measure() {
    let component = Component::of_bench().await;
    let program = workload("plugin/workload");
    let mut report = Report::new(
        "WebAssembly against native",
        &[
            "work",
            "component",
            "native",
            "of native",
            "native, hardware CRC",
            "of that",
            "mysql_common",
            "times that",
        ],
    );
    for work in WORKLOADS {
        let mut times = Times::default();
        for _ in 0..ROUNDS {
            round(&component, &program, &work, &mut times).await;
        }
        let speed = |series: &Series| format!("{:.2} {}", 1e9 / series.median() / work.scale, work.unit);
        let compared = |compared: bool, with: &Series| {
            if compared {
                [speed(with), with.ratio(&times.guest).with_range()]
            } else {
                ["-".to_owned(), "-".to_owned()]
            }
        };
        let mut cells = vec![work.name.to_owned(), speed(&times.guest)];
        cells.extend(compared(true, &times.native));
        cells.extend(compared(work.hardware, &times.hardware));
        cells.extend(compared(work.baseline.is_some(), &times.baseline));
        report.row(cells);
    }
    report.print(&[
        "decode: a binlog of 20000 rows of 10 columns by one statement into a batch, by the MySQL source's tail.".into(),
        "transactions: the same rows, one in each transaction (GTID, BEGIN, TABLE_MAP, row, commit).".into(),
        "encode: such a batch into the bodies of 16 buckets, by the MaxCompute sink's hash, record layout and CRC.".into(),
        "checksum: CRC32C of 4 MiB at once, by the sink's routine.".into(),
        "Component and program are built from the same source with the same profile; the results are compared.".into(),
        "hardware CRC: crate crc32c. Encoding sums a few bytes at a time, which it is not made for: small steps are \
         gathered up to 64 bytes."
            .into(),
        "mysql_common: the row decoder of mysql_async, native, over the same events.".into(),
        format!(
            "Medians of {ROUNDS} rounds, in brackets the least and the most; of a round the fastest iteration. Ratios \
             are of speeds."
        ),
    ]);
}

/// Each side once.
async fn round(component: &Component, program: &Path, work: &Workload, times: &mut Times) {
    let in_guest = in_component(component, work.name, work.iterations).await;
    let natively = in_program(program, work.name, work.iterations).await;
    assert_eq!(in_guest.digest, natively.digest, "both sides do the same");
    times.guest.push(in_guest.nanos);
    times.native.push(natively.nanos);
    if work.hardware {
        let by_hardware = in_program(program, &format!("{}-hardware", work.name), work.iterations).await;
        assert_eq!(by_hardware.digest, natively.digest, "both sides do the same");
        times.hardware.push(by_hardware.nanos);
    }
    if let Some(iterations) = work.baseline {
        let by_others = in_program(program, &format!("{}-baseline", work.name), iterations).await;
        times.baseline.push(by_others.nanos);
    }
}

async fn in_component(component: &Component, name: &str, iterations: u32) -> Measured {
    let instance = component.open(&[("workload", name), ("iterations", &iterations.to_string())]).await;
    Measured { nanos: instance.gauge("nanos") / instance.gauge("items"), digest: instance.gauge("digest") }
}

async fn in_program(program: &Path, name: &str, iterations: u32) -> Measured {
    let said = run(Command::new(program).args([name, &iterations.to_string()])).await;
    let numbers: Vec<f64> = said.split_whitespace().map(|number| number.parse().unwrap()).collect();
    Measured { nanos: numbers[0] / numbers[1], digest: numbers[2] }
}
