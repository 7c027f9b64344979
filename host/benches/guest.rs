//! The connectors' inner loops in a component and in a native program of the same source and profile.

use std::path::Path;

use tokio::process::Command;

use crate::component::{Component, workload};
use crate::harness::run;
use crate::report::{Report, Series};

const ROUNDS: usize = 21;

/// Name, iterations of a round, whether it has a variant with the processor's CRC, unit and how many of it are one.
const WORKLOADS: [(&str, u32, bool, &str, f64); 3] = [
    ("decode", 60, false, "M rows/s", 1e6),
    ("encode", 40, true, "M rows/s", 1e6),
    ("checksum", 40, true, "GB/s", 1e9),
];

struct Measured {
    /// Of one row or byte.
    nanos: f64,
    digest: f64,
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
            "native, same CRC",
            "slower than native",
            "native, hardware CRC",
            "slower than that",
        ],
    );
    for (name, iterations, has_hardware, unit, scale) in WORKLOADS {
        let (mut guest, mut native, mut hardware) = (Series::default(), Series::default(), Series::default());
        for _ in 0..ROUNDS {
            let in_guest = in_component(&component, name, iterations).await;
            let natively = in_program(&program, name, iterations).await;
            assert_eq!(in_guest.digest, natively.digest, "both sides do the same");
            guest.push(in_guest.nanos);
            native.push(natively.nanos);
            if has_hardware {
                let by_hardware = in_program(&program, &format!("{name}-hardware"), iterations).await;
                assert_eq!(by_hardware.digest, natively.digest, "both sides do the same");
                hardware.push(by_hardware.nanos);
            }
        }
        let speed = |series: &Series| format!("{:.1} {unit}", 1e9 / series.median() / scale);
        let (with_hardware, slower) = if has_hardware {
            (speed(&hardware), guest.ratio(&hardware).with_range())
        } else {
            ("no CRC".into(), "-".into())
        };
        let ratio = guest.ratio(&native).with_range();
        report.row([name.into(), speed(&guest), speed(&native), ratio, with_hardware, slower]);
    }
    report.print(&[
        "decode: binlog events of 20000 rows of 10 columns into one batch, by the MySQL source's decoder.".into(),
        "encode: such a batch into the bodies of 16 buckets, by the MaxCompute sink's hash, record layout and CRC.".into(),
        "checksum: CRC32C of 4 MiB at once, by the sink's routine.".into(),
        "Component and program are built from the same source with the same profile; the results are compared.".into(),
        "hardware CRC: crate crc32c. Encoding sums a few bytes at a time, which it is not made for: small steps are \
         gathered up to 64 bytes."
            .into(),
        format!("Medians of {ROUNDS} rounds, in brackets the least and the most; ratios are of times."),
    ]);
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
