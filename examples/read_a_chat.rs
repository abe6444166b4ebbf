//! From the export of a chat program to sessions and persons.

use std::error::Error;

use idl_corpora::export::whatsapp::DateOrder;
use idl_corpora::export::{self, SessionParams};
use idl_corpora::{Records, chat, grouping};
use idl_dialogue::Role;

/// Two chats as WhatsApp exports them. Ada is the person whose voice is learnt.
const BO: &str = "\
31/12/2023, 18:03 - Bo: is there tea ?
31/12/2023, 18:04 - Ada: yes ,
31/12/2023, 18:04 - Ada: in the pot .
31/12/2023, 18:05 - Bo: <Media omitted>
31/12/2023, 18:06 - Bo: look at that sunset !
31/12/2023, 18:09 - Ada: i see it from the lighthouse .
01/01/2024, 09:30 - Bo: happy new year !
01/01/2024, 09:31 - Ada: and to you .
";
const CY: &str = "\
02/01/2024, 12:00 - Cy: choir tonight ?
02/01/2024, 12:20 - Ada: of course , i bring biscuits .
";

fn main() -> Result<(), Box<dyn Error>> {
    // A pause of six hours ends a session, unless you say otherwise.
    let params = SessionParams { min_messages: 2, ..SessionParams::of("Ada") };
    let mut file = Vec::new();
    for (name, text) in [("bo.txt", BO), ("cy.txt", CY)] {
        // 02/01 is a day in January or in February; where a file has a 31/12 it tells.
        let entries = export::whatsapp::read(text.as_bytes(), name, Some(DateOrder::DayMonth));
        let (chats, account) = export::sessions(entries, &params)?;
        println!(
            "{name}: {} entries, {} of them in sessions; sessions {}, pictures {}",
            account.entries, account.kept, account.sessions, account.media
        );
        for chat in &chats {
            chat::write(&mut file, chat)?;
        }
    }

    // Chat JSONL is what the other crates and the program `idl` read. One line was
    // damaged on the way: `collect` would stop there, `lenient` counts it.
    file.extend_from_slice(b"{\"person\": \"Ada\", \"messages\": [{\"role\": \"us\n");
    let mut chats = chat::read(file.as_slice(), "chats.jsonl").lenient();
    let mut sessions = Vec::new();
    for chat in chats.by_ref() {
        let chat = chat?;
        sessions.push((chat.person.unwrap_or_default(), chat.session));
    }
    println!("\n{}", chats.tally());

    for person in grouping::by_id(sessions) {
        println!("\n{}: {} sessions", person.id, person.sessions.len());
        for session in &person.sessions {
            println!("  {}", session.id);
            for reply in session.said_by(Role::Assistant) {
                println!("    {}", reply.replace('\n', " "));
            }
        }
    }
    Ok(())
}
