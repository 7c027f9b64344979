use maxcompute_emulator::{Config, Emulator};

use super::client::{get, sql};

/// The pages of a list, each as the texts between `before` and `after`.
async fn pages(emulator: &Emulator, target: &str, before: &str, after: &str) -> Vec<Vec<String>> {
    let (mut pages, mut marker) = (Vec::new(), String::new());
    loop {
        let answer = get(emulator, &format!("{target}&maxitems=2&marker={marker}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let entries = text.split(before).skip(1);
        pages.push(entries.filter_map(|rest| rest.split(after).next()).map(str::to_owned).collect());
        let rest = text.split("<Marker>").nth(1).expect("a marker");
        marker = rest.split("</Marker>").next().expect("its end").to_owned();
        if marker.is_empty() {
            return pages;
        }
    }
}

#[tokio::test]
async fn tables_and_partitions_come_in_pages() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    for name in ["a", "b", "c", "other", "d"] {
        sql(&emulator, &format!("create table t{name} (id bigint) partitioned by (pt string, hh int)")).await;
    }
    let tables = pages(&emulator, "/projects/p/tables?expectmarker=true&name=t", "<Name>", "</Name>").await;
    assert_eq!(tables, [vec!["ta", "tb"], vec!["tc", "td"], vec!["tother"]]);
    for (pt, hh) in [("a", 1), ("a b", 2), ("a", 10), ("b", 1)] {
        sql(&emulator, &format!("alter table ta add partition (pt='{pt}', hh={hh})")).await;
    }
    let target = "/projects/p/tables/ta?partitions&expectmarker=true";
    let found = pages(&emulator, target, "<Column Name=\"hh\" Value=\"", "\"").await;
    assert_eq!(found, [["1", "10"], ["2", "1"]]);
    let target = format!("{target}&partition=pt='a'");
    assert_eq!(pages(&emulator, &target, "Name=\"hh\" Value=\"", "\"").await, [["1", "10"]]);
}

#[tokio::test]
async fn a_table_tells_its_size() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    sql(&emulator, "create table t (id bigint)").await;
    assert!(get(&emulator, "/projects/p/tables/t?extended").await.text().contains("\"PhysicalSize\":0"));
}
