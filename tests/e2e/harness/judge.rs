use std::path::{Path, PathBuf};

use tokio::process::Command;
use tokio::sync::OnceCell;

use super::{MaxCompute, World, repository, run};

/// A Python with the official clients.
pub(crate) async fn python() -> &'static Path {
    static PYTHON: OnceCell<PathBuf> = OnceCell::const_new();
    PYTHON
        .get_or_init(|| async {
            run(&mut Command::new(repository().join("tests/services/python.sh"))).await.trim().into()
        })
        .await
}

/// Compare source and sink; returns whether they agree and what the judge says.
pub(crate) async fn compare(world: &World, tables: &[&str], journal: Option<&Path>) -> (bool, String) {
    let mut judge = Command::new(python().await);
    judge.arg(repository().join("tests/compare/compare.py")).args([
        "--mysql",
        &world.mysql.address(),
        "--mysql-user",
        "admin",
        "--mysql-password-file",
    ]);
    judge.arg(&world.mysql.admin_password_file).args(warehouse(world));
    for table in tables {
        judge.args(["--table", table]);
    }
    if let Some(journal) = journal {
        judge.arg("--writer-journal").arg(journal);
    }
    verdict(judge).await
}

/// Compare two tables of the sink, cell by cell.
pub(crate) async fn identical(world: &World, one: &str, other: &str) -> (bool, String) {
    let mut judge = Command::new(python().await);
    judge.arg(repository().join("tests/compare/identical.py")).args(warehouse(world)).args([one, other]);
    verdict(judge).await
}

/// Tables of the sink, each as `column column | value value | …` by key, or as `none`.
pub(crate) async fn show(world: &World, tables: &[String]) -> Vec<String> {
    let mut show = Command::new(python().await);
    show.arg(repository().join("tests/compare/show.py")).args(warehouse(world)).args(["--rows", "100"]);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = run(show.args(tables)).await;
    let tables = shown.trim_end().split("\n\n").map(|table| {
        // A heading, the columns, a rule, the rows.
        let mut lines = table.lines().skip(1);
        let columns = lines.next()?;
        let rows = lines.skip(1);
        Some([columns].into_iter().chain(rows).map(words).collect::<Vec<_>>().join(" | "))
    });
    tables.map(|table| table.unwrap_or_else(|| "none".into())).collect()
}

/// Run a judge; returns whether it agrees and what it says.
pub(crate) async fn verdict(mut judge: Command) -> (bool, String) {
    let output = judge.output().await.unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => (true, said),
        Some(1) => (false, said),
        _ => panic!("the judge failed: {said}"),
    }
}

/// Add a row of an append table of the sink once more.
pub(crate) async fn plant_duplicate(world: &World, table: &str) {
    let code = format!(
        "import sys\nfrom odps import ODPS\n\
         o = ODPS('{id}', '{key}', '{project}', endpoint='{endpoint}')\n\
         t = o.get_table('{table}')\n\
         with t.open_reader() as r: row = next(iter(r)).values\n\
         with t.open_writer() as w: w.write([row])\n",
        id = MaxCompute::ACCESS_ID,
        key = MaxCompute::ACCESS_KEY,
        project = MaxCompute::PROJECT,
        endpoint = world.maxcompute.endpoint(),
    );
    run(Command::new(python().await).args(["-c", &code])).await;
}

fn warehouse(world: &World) -> Vec<String> {
    let key = world.directory.path().join("access-key");
    std::fs::write(&key, MaxCompute::ACCESS_KEY).unwrap();
    let options = [
        ("--maxcompute", world.maxcompute.endpoint()),
        ("--project", MaxCompute::PROJECT.into()),
        ("--access-id", MaxCompute::ACCESS_ID.into()),
        ("--access-key-file", key.display().to_string()),
    ];
    let options = options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    options.chain(world.maxcompute.schema_model.then(|| "--schema-model".to_owned())).collect()
}
