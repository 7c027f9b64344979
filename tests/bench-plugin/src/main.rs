//! Runs a workload natively: `workload NAME ITERATIONS` prints nanoseconds, rows (or bytes) and a digest.

use anyhow::{Context, Result};
use bench_plugin::Workload;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().context("usage: workload NAME ITERATIONS")?;
    let iterations = arguments.next().context("usage: workload NAME ITERATIONS")?.parse()?;
    let workload = Workload::named(&name).with_context(|| format!("there is no workload '{name}'"))?;
    let measured = workload.run(iterations)?;
    println!("{} {} {}", measured.nanos, measured.items, measured.digest);
    Ok(())
}
