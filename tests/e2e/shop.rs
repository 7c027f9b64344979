//! The pipeline from its first start until it is caught up.

use crate::harness::{Host, Options, World, compare, plant_duplicate, repository};

/// The shop's tables as the judge names them.
pub(crate) const TABLES: [&str; 7] = [
    "shop.customers=customers:keyed",
    "shop.products=products:keyed",
    "shop.orders=orders:keyed",
    "shop.order_items=order_items:keyed",
    "shop.stock=stock:keyed",
    "shop.specimens=specimens:keyed",
    "shop.page_views=page_views:append:id:version",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_copied_and_the_judge_sees_every_planted_difference() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    let pipeline = world.pipeline(&Options::shop());

    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("no ledger entry: starting from the beginning"), "{log}");
    let (equal, said) = compare(&world, &TABLES, None).await;
    assert!(equal, "{said}");

    // The stream, from where the snapshot ended.
    world
        .mysql
        .sql(
            "USE shop; UPDATE customers SET name = CONCAT(name, '!') WHERE id % 100 = 0; \
             DELETE FROM order_items WHERE order_id % 50 = 0; \
             UPDATE page_views SET version = version + 1 WHERE id % 1000 = 0;",
        )
        .await;
    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("resuming from ledger entry"), "{log}");
    let (equal, said) = compare(&world, &TABLES, None).await;
    assert!(equal, "{said}");

    // The judge itself: a wrong value, a loss with a row too many, and a duplicate.
    for (plant, take_back, table) in [
        (
            "UPDATE shop.orders SET total = total + 0.000001 ORDER BY id LIMIT 1",
            "UPDATE shop.orders SET total = total - 0.000001 ORDER BY id LIMIT 1",
            "shop.orders=orders:keyed",
        ),
        (
            "UPDATE shop.customers SET id = id + 100000000 ORDER BY id LIMIT 1",
            "UPDATE shop.customers SET id = id - 100000000 ORDER BY id DESC LIMIT 1",
            "shop.customers=customers:keyed",
        ),
    ] {
        world.mysql.sql(plant).await;
        let (equal, said) = compare(&world, &[table], None).await;
        assert!(!equal && said.contains("differ"), "{plant}: {said}");
        world.mysql.sql(take_back).await;
        let (equal, said) = compare(&world, &[table], None).await;
        assert!(equal, "{take_back}: {said}");
    }
    plant_duplicate(&world, "page_views").await;
    let (equal, said) = compare(&world, &TABLES[6..], None).await;
    assert!(!equal && said.contains("page_views"), "{said}");
}
