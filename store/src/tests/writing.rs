//! Each written record is read back once, also with other writers.

use super::*;

#[test]
fn what_is_inserted_comes_back() {
    runtime().block_on(async {
        let failed = NewRow {
            seq: u64::MAX,
            kind: RowKind::Event,
            start_us: None,
            duration_us: None,
            error: Some(r#"{"type":"t","message":"m","chain":[]}"#),
            stack_trace: Some("a\0b\n☃"),
            ..row(0)
        };
        let (_folder, mut reader) = reader_on(&[row(1), failed]).await;
        let stored = reader.trace(TRACE).await.unwrap();
        assert_eq!(stored.len(), 2);
        assert_eq!(stored[0].duration_ms, Some(1.5));
        assert_eq!(stored[0].kind, "span");
        assert_eq!(stored[0].boot_id, BOOT);
        assert_eq!(stored[1].seq, u64::MAX);
        assert_eq!(stored[1].stack_trace.as_deref(), Some("a\0b\n☃"));
        assert_eq!(stored[1].duration_ms, None);
        assert!(
            stored[0].created_at.ends_with('Z'),
            "{}",
            stored[0].created_at
        );
        assert_eq!(reader.count().await.unwrap(), 2);
    });
}

#[test]
fn a_second_delivery_is_no_second_row() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        let rows: Vec<_> = (0..250).map(row).collect();
        assert_eq!(writer.insert(&rows).await.unwrap(), 250);
        assert_eq!(writer.insert(&rows).await.unwrap(), 0);
        assert_eq!(writer.insert(&[row(249), row(250)]).await.unwrap(), 1);
        assert_eq!(writer.insert(&[]).await.unwrap(), 0);
        assert_eq!(
            Reader::open(&path).await.unwrap().count().await.unwrap(),
            251
        );
    });
}

/// As many pages as the database has, or more.
async fn at_most(writer: &mut Writer, more: i64) {
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(writer.connection())
        .await
        .unwrap();
    let most = format!("PRAGMA max_page_count = {}", pages + more);
    sqlx::query(sqlx::AssertSqlSafe(most))
        .execute(writer.connection())
        .await
        .unwrap();
}

#[test]
fn a_full_database_refuses_a_whole_insert_and_takes_it_when_there_is_room() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        assert_eq!(writer.insert(&[row(0)]).await.unwrap(), 1);
        at_most(&mut writer, 2).await;
        let rows: Vec<_> = (0..250).map(row).collect();
        let error = writer.insert(&rows).await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("database or disk is full"), "{source}");
        let mut reader = Reader::open(&path).await.unwrap();
        assert_eq!(reader.count().await.unwrap(), 1);
        // A new connection has room.
        let mut writer = Writer::open(&path).await.unwrap();
        assert_eq!(writer.insert(&rows).await.unwrap(), 249);
        assert_eq!(reader.count().await.unwrap(), 250);
    });
}

#[test]
fn a_row_of_another_process_is_another_row() {
    runtime().block_on(async {
        let other = NewRow {
            boot_id: &[8; 16],
            ..row(1)
        };
        let (_folder, mut reader) = reader_on(&[row(1), other]).await;
        assert_eq!(reader.count().await.unwrap(), 2);
    });
}

#[test]
fn ten_threads_open_a_fresh_file_at_once_and_write() {
    let (_folder, path) = position();
    thread::scope(|scope| {
        for number in 0..10_u8 {
            let path = &path;
            scope.spawn(move || runtime().block_on(open_and_write(path, number)));
        }
    });
    let count = runtime().block_on(async { Reader::open(&path).await.unwrap().count().await });
    assert_eq!(count.unwrap(), 10 * 120);
}

async fn open_and_write(path: &std::path::Path, number: u8) {
    let boot = [number; 16];
    let mut writer = Writer::open(path).await.expect("it opens");
    let rows: Vec<_> = (0..120)
        .map(|seq| NewRow {
            boot_id: &boot,
            ..row(seq)
        })
        .collect();
    for batch in rows.chunks(40) {
        assert_eq!(writer.insert(batch).await.expect("it inserts"), 40);
    }
    writer.close().await.expect("it closes");
}

#[test]
fn tasks_of_one_thread_do_not_wait_for_each_other_for_ever() {
    let (_folder, path) = position();
    runtime().block_on(async {
        let openings: Vec<_> = (0..10)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move { Writer::open(&path).await })
            })
            .collect();
        for opening in openings {
            opening.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_sync_commits_a_mark_and_leaves_later_inserts_cheap() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        writer.insert(&[row(1)]).await.unwrap();
        writer.sync().await.unwrap();
        writer.sync().await.unwrap();
        let (mut connection, _) = connect::for_reading(&path).await.unwrap();
        let marks: i64 = sqlx::query_scalar("SELECT marks FROM ragspan_sync")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(marks, 2);
        assert_eq!(writer.synchronous().await, 1, "NORMAL");
    });
}

#[test]
fn a_reader_reports_the_problem_of_the_file() {
    runtime().block_on(async {
        let (folder, path) = position();
        assert!(matches!(
            Reader::open(&path).await,
            Err(Error::Missing { .. })
        ));
        assert!(!path.exists(), "reading never creates");
        std::fs::write(&path, "").unwrap();
        assert!(matches!(
            Reader::open(&path).await,
            Err(Error::NoTable { .. })
        ));
        std::fs::write(&path, "this is no database, but long enough to look at").unwrap();
        assert!(matches!(Reader::open(&path).await, Err(Error::Open { .. })));
        assert!(matches!(
            Reader::open(folder.path()).await,
            Err(Error::Open { .. })
        ));
    });
}

#[test]
fn a_writer_reports_the_problem_of_the_path() {
    runtime().block_on(async {
        let (folder, _) = position();
        let nowhere = folder.path().join("no/such/folder/logs.db");
        let error = Writer::open(&nowhere).await.unwrap_err();
        assert!(matches!(error, Error::Lock { .. }), "{error:?}");
    });
}

#[test]
fn a_file_of_a_newer_program_is_left_alone() {
    runtime().block_on(async {
        let (_folder, path) = position();
        Writer::open(&path).await.unwrap().close().await.unwrap();
        let mut connection = connect::for_writing(&path).await.unwrap();
        sqlx::query(
            "INSERT INTO _ragspan_migrations (version, description, success, checksum, \
             execution_time) VALUES (999, 'later', 1, x'00', 0)",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        assert!(matches!(
            Writer::open(&path).await,
            Err(Error::Newer { .. })
        ));
    });
}

#[test]
fn a_reader_sees_what_a_writer_commits_meanwhile() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        let mut reader = Reader::open(&path).await.unwrap();
        assert_eq!(reader.count().await.unwrap(), 0);
        writer.insert(&[row(1)]).await.unwrap();
        assert_eq!(reader.count().await.unwrap(), 1);
    });
}

#[test]
fn what_a_killed_process_committed_is_read_from_what_it_left() {
    runtime().block_on(async {
        let (folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        writer.insert(&[row(1), row(2)]).await.unwrap();
        // The files as they lie there while the writer is still open: nothing is checkpointed.
        let left = folder.path().join("left.db");
        std::fs::copy(&path, &left).unwrap();
        std::fs::copy(
            folder.path().join("logs.db-wal"),
            folder.path().join("left.db-wal"),
        )
        .unwrap();
        assert_eq!(Reader::open(&left).await.unwrap().count().await.unwrap(), 2);
        let mut next = Writer::open(&left).await.unwrap();
        assert_eq!(next.insert(&[row(2), row(3)]).await.unwrap(), 1);
    });
}

#[test]
fn a_refused_row_leaves_none_of_its_batch() {
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = Writer::open(&path).await.unwrap();
        let mut other = connect::for_writing(&path).await.unwrap();
        sqlx::query("CREATE UNIQUE INDEX no_twins ON logs (host)")
            .execute(&mut other)
            .await
            .unwrap();
        let rows: Vec<_> = (0..150).map(row).collect();
        let error = writer.insert(&rows).await.unwrap_err();
        assert!(matches!(error, Error::Statement { .. }), "{error:?}");
        assert_eq!(Reader::open(&path).await.unwrap().count().await.unwrap(), 0);
        assert_eq!(
            writer.insert(&[row(7)]).await.unwrap(),
            1,
            "the writer goes on"
        );
    });
}

/// Fails to compile where a future could not move to another thread.
#[test]
fn every_future_is_send() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    runtime().block_on(async {
        let (_folder, path) = position();
        let mut writer = send(Writer::open(&path)).await.unwrap();
        assert_eq!(send(writer.insert(&[row(1)])).await.unwrap(), 1);
        send(writer.sync()).await.unwrap();
        let mut reader = send(Reader::open(&path)).await.unwrap();
        assert_eq!(
            send(reader.resolve_trace("last")).await.unwrap().trace_id,
            TRACE
        );
        assert_eq!(send(reader.trace(TRACE)).await.unwrap().len(), 1);
        assert_eq!(
            send(reader.logs(&LogFilter::default()))
                .await
                .unwrap()
                .len(),
            1
        );
        send(writer.close()).await.unwrap();
    });
}
