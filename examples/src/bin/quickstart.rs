//! The quickstart: a RAG service over a folder of documents, instrumented from end to end.

use std::error::Error;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use ragspan::TraceId;
use ragspan::prices::Prices;
use ragspan::telemetry::ShutdownReport;
use ragspan_examples::answer::Service;
use ragspan_examples::corpus::{Corpus, CorpusError};
use ragspan_examples::generate::{Generator, OFFLINE_HINT};
use ragspan_examples::ingest::{Ingested, ingest};
use ragspan_examples::next::{Caller, write_next};
use ragspan_examples::program::{
    Conversation, Reply, ask_all, conversations_of, default_conversations, questions_about,
};
use ragspan_examples::progress::Bar;
use ragspan_examples::report::{self, Look, Size};
use ragspan_examples::serve::{App, serve, terminated};
use ragspan_examples::summary::Summary;
use ragspan_examples::telemetry::{self, Telemetry};
use ragspan_examples::tokens;
use tokio::net::TcpListener;

/// Ingest a folder of documents, answer questions about it, and show what was recorded meanwhile.
#[derive(Debug, Parser)]
#[command(name = "quickstart", version)]
struct Args {
    /// The folder of Markdown and text files; default: the documentation of this repository
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,

    /// A question to ask; may be given several times; default: some questions of two users
    #[arg(long = "question", value_name = "TEXT")]
    questions: Vec<String>,

    /// The database that the records are written to
    #[arg(long, value_name = "PATH", default_value = "ragspan.db")]
    db: PathBuf,

    /// A table of model prices, as `ragspan prices import` writes it; default: no prices
    #[arg(long, value_name = "PATH")]
    prices: Option<PathBuf>,

    /// Write the records to standard output as JSON lines, and nothing else
    #[arg(long)]
    json: bool,

    /// Stay up as an HTTP service: POST /query, GET /metrics, GET /health
    #[arg(long, conflicts_with = "questions")]
    serve: bool,

    /// The port of the service on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 8000, requires = "serve")]
    port: u16,
}

/// Where the human reads.
struct Page {
    out: Box<dyn Write + Send>,
    look: Look,
}

impl Page {
    /// Standard output, or nowhere if the records have it for themselves.
    fn new(args: &Args) -> Self {
        let stdout = io::stdout();
        let look = Look::of(&stdout);
        let out: Box<dyn Write + Send> = if args.json {
            Box::new(io::sink())
        } else {
            Box::new(stdout)
        };
        Self { out, look }
    }
}

/// The results of a run.
struct Done {
    /// The first trace of the run, the ingestion's.
    first: Option<TraceId>,
    replies: Vec<Reply>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that stops after the first lines, such as `head`, is not an error.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = io::stderr().lock();
            // If standard error is closed, only the exit code reports the failure.
            let _printed = write_error(&mut stderr, error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn write_error(out: &mut dyn Write, error: &(dyn Error + 'static)) -> io::Result<()> {
    write!(out, "error: {error}")?;
    let mut cause = error.source();
    while let Some(deeper) = cause {
        write!(out, ": {deeper}")?;
        cause = deeper.source();
    }
    writeln!(out)
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let prices = args.prices.as_ref().map(Prices::from_file).transpose()?;
    let options = telemetry::Options {
        db: args.db.clone(),
        json: args.json,
        prices: prices.unwrap_or_default(),
    };
    let telemetry = Arc::new(telemetry::start(&options)?);
    let mut page = Page::new(&args);
    let outcome = work(&args, options.prices, &telemetry, &mut page).await;
    // Runs after a failure too: the records up to it show the cause.
    let report = telemetry.shutdown().await;
    let done = outcome?;
    if args.json {
        report.iter().for_each(ShutdownReport::report);
    } else {
        conclude(&args.db, &mut page, done, report.as_ref()).await?;
    }
    Ok(page.out.flush()?)
}

async fn work(
    args: &Args,
    prices: Prices,
    telemetry: &Arc<Telemetry>,
    page: &mut Page,
) -> Result<Done, Box<dyn Error>> {
    let (service, first) = service(args, page)?;
    let service = Arc::new(service.with_prices(prices));
    if args.serve {
        let telemetry = Arc::clone(telemetry);
        serve_until_terminated(args.port, App { service, telemetry }, page).await?;
        let replies = Vec::new();
        return Ok(Done { first, replies });
    }
    let replies = ask_all(&service, conversations(args, &service)).await;
    for reply in &replies {
        report::write_reply(&mut page.out, page.look, reply)?;
    }
    Ok(Done { first, replies })
}

/// Prints a summary of the records, their number, and commands to query them.
async fn conclude(
    db: &Path,
    page: &mut Page,
    done: Done,
    report: Option<&ShutdownReport>,
) -> Result<(), Box<dyn Error>> {
    let Page { out, look } = page;
    if let Some(first) = done.first {
        Summary::read(db, first).await?.write(out, &look.style)?;
    }
    let sinks = report.map_or(&[][..], ShutdownReport::sinks);
    if let Some(sqlite) = sinks.iter().find(|sink| sink.sink == "sqlite") {
        let lost = sqlite.dropped + sqlite.pending;
        report::write_written(out, db, sqlite.delivered, lost)?;
    }
    if done.replies.is_empty() {
        writeln!(out)?;
    } else {
        writeln!(out, ". Next:")?;
        let caller = Caller::new(db, |name| std::env::var_os(name));
        write_next(out, &look.style, &caller, &done.replies)?;
    }
    Ok(())
}

async fn serve_until_terminated(port: u16, app: App, page: &mut Page) -> io::Result<()> {
    let terminated = terminated()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    report::write_serving(&mut page.out, address)?;
    writeln!(io::stderr(), "listening on http://{address}")?;
    serve(listener, Arc::new(app), terminated).await
}

fn service(args: &Args, page: &mut Page) -> Result<(Service, Option<TraceId>), Box<dyn Error>> {
    // Counting the first tokens would otherwise wait for the table.
    let warming_up = std::thread::spawn(tokens::warm_up);
    let generator = Generator::from_vars(|name| std::env::var(name).ok())?;
    let ingested = ingested(args, page)?;
    if generator.is_offline() {
        report::write_hint(&mut page.out, page.look, OFFLINE_HINT)?;
    }
    warming_up.join().map_err(|_| "the token table is broken")?;
    let service = Service::new(ingested.library, generator);
    Ok((service, ingested.trace_id))
}

fn ingested(args: &Args, page: &mut Page) -> Result<Ingested, Box<dyn Error>> {
    let corpus = corpus(args)?;
    let name = corpus.name();
    let began = Instant::now();
    let ingested = ingest(&corpus, &Bar::new(&name))?;
    let size = Size {
        documents: ingested.documents,
        chunks: ingested.library.len(),
    };
    report::write_ingested(&mut page.out, &name, size, began.elapsed())?;
    Ok(ingested)
}

fn corpus(args: &Args) -> Result<Corpus, Box<dyn Error>> {
    let corpus = match &args.corpus {
        Some(folder) => Corpus::folder(folder),
        None => Corpus::of_workspace(&std::env::current_dir()?),
    };
    Ok(corpus.map_err(Box::<CorpusError>::new)?)
}

fn conversations(args: &Args, service: &Service) -> Vec<Conversation> {
    if !args.questions.is_empty() {
        conversations_of(&args.questions)
    } else if args.corpus.is_some() {
        conversations_of(&questions_about(service.library()))
    } else {
        default_conversations()
    }
}
