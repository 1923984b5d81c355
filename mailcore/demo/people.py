"""Who lives in the demo world, and who writes to them from outside."""

from dataclasses import dataclass

PRESS = "larch-press.example"
SHOP = "quayside.example"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    address: str

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


ANN = Person("Ann Marlow", f"ann@{PRESS}")
BO = Person("Bo Lindqvist", f"bo@{PRESS}")
EMILE = Person("Émile Fournier", f"emile@{PRESS}")
DANA = Person("Dana Reyes", f"dana@{SHOP}")
CY = Person("Cy Okafor", f"cy@{SHOP}")
RESIDENTS = (ANN, BO, EMILE, DANA, CY)

OUTSIDERS = (
    Person("Marta Kowalska", "marta.kowalska@drukarnia.example"),
    Person("Jonas Weber", "j.weber@papierwerk.example"),
    Person("Claire Dubois", "claire@librairie-du-port.example"),
    Person("Yuki Tanaka", "tanaka@sakura-books.example"),
    Person("Omar Haddad", "omar.haddad@ink-and-reed.example"),
    Person("Sofía Herrera", "sofia@imprenta-sur.example"),
    Person("Priya Nair", "priya.nair@cornerstone-legal.example"),
    Person("Tom Ashworth", "tom@ashworth-binders.example"),
    Person("Лена Орлова", "lena@orlova-art.example"),
    Person("Noor van Dijk", "noor@vandijk-foto.example"),
    Person("Giulia Conti", "giulia.conti@festival-libri.example"),
    Person("Henrik Dahl", "henrik@dahl-logistics.example"),
)

SENDERS_OF_BULK = (
    Person("The Bindery Weekly", "news@bindery-weekly.example"),
    Person("Harbour Rail", "tickets@harbour-rail.example"),
    Person("Paperline", "offers@paperline.example"),
    Person("City Library", "notices@city-library.example"),
)
