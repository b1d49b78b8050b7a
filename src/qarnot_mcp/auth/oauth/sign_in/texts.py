"""The texts of the sign-in page, in English and in French."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    """Every text of the page, in English where none is given; the page fills in the braces."""

    language: str = "en"
    title: str = "Sign in with Qarnot"
    wants: str = "{client} wants to use your Qarnot account."
    returns_to: str = "You will return to"
    returns_here: str = "a program on this computer"
    key_label: str = "Qarnot API key"
    key_help: str = "You can find it in the Qarnot console:"
    key_link: str = "Settings › Access token"
    may_read: str = "See your tasks, their logs and the profiles"
    may_write: str = "Start, stop and delete tasks: these use your credits"
    read_only: str = "Read only"
    read_only_help: str = "Nothing can be started, stopped or deleted."
    sign_in: str = "Sign in"
    cancel: str = "Cancel"
    promise: str = "Your key is checked with Qarnot and stays encrypted in the session; it is not shown to {client}."
    wrong_key: str = "Qarnot does not accept this key. Copy the whole key from the console, or make a new one there."
    malformed_key: str = "This is not an API key: a key is one line of letters and digits, without spaces."
    too_many: str = "Too many wrong keys from your address. Wait {seconds} s, then try again."
    unavailable: str = "Qarnot is not responding, so the key cannot be checked. Try again in a moment."
    other_browser: str = (
        "This form came from another browser, or its cookies are blocked. Check the request and try again."
    )
    expired: str = "This sign-in has expired. Go back to the program and connect again."
    unknown_client: str = (
        "This server does not know the program that sent you here. Remove the connector there, add it again "
        "and connect: it will register again."
    )
    foreign_redirect: str = (
        "The program that sent you here wants to continue at an address that this server does not allow. "
        "If you trust the program, ask the operator of this server to add the address to QARNOT_MCP_ALLOWED_REDIRECTS."
    )
    cannot_sign_in: str = "This sign-in cannot continue"


ENGLISH = Texts()
FRENCH = Texts(
    language="fr",
    title="Se connecter avec Qarnot",
    wants="{client} souhaite utiliser votre compte Qarnot.",
    returns_to="Vous retournerez ensuite vers",
    returns_here="un programme de cet ordinateur",
    key_label="Clé API Qarnot",
    key_help="Elle se trouve dans la console Qarnot :",
    may_read="Voir vos tâches, leurs journaux et les profils",
    may_write="Lancer, arrêter et supprimer des tâches : elles consomment vos crédits",
    read_only="Lecture seule",
    read_only_help="Rien ne peut être lancé, arrêté ni supprimé.",
    sign_in="Se connecter",
    cancel="Annuler",
    promise="Votre clé est vérifiée auprès de Qarnot et reste chiffrée dans la session ; {client} ne la voit pas.",
    wrong_key="Qarnot refuse cette clé. Copiez la clé entière depuis la console, ou créez-en une nouvelle.",
    malformed_key="Ce n'est pas une clé API : une clé tient sur une ligne, en lettres et chiffres, sans espace.",
    too_many="Trop de clés erronées depuis votre adresse. Attendez {seconds} s avant de réessayer.",
    unavailable="Qarnot ne répond pas pour l'instant : la clé ne peut pas être vérifiée. Réessayez dans un moment.",
    other_browser="Ce formulaire vient d'un autre navigateur, ou ses cookies sont bloqués. Vérifiez la demande et "
    "réessayez.",
    expired="Cette demande de connexion a expiré. Revenez au programme et reconnectez-vous.",
    unknown_client="Ce serveur ne connaît pas le programme qui vous envoie. Supprimez-y le connecteur, ajoutez-le de "
    "nouveau et reconnectez-vous : il s'enregistrera à nouveau.",
    foreign_redirect="Le programme qui vous envoie demande une réponse à une adresse que ce serveur n'autorise pas. Si "
    "vous lui faites confiance, demandez à l'exploitant du serveur d'ajouter l'adresse à "
    "QARNOT_MCP_ALLOWED_REDIRECTS.",
    cannot_sign_in="Cette connexion ne peut pas continuer",
)


def texts_for(accept_language: str) -> Texts:
    """Return the texts in the language that an `Accept-Language` header prefers; English if it names neither."""
    preferred, best = ENGLISH, 0.0
    for part in accept_language.split(",")[:20]:
        language, _, parameters = part.strip().lower().partition(";")
        weight = _weight(parameters)
        for texts in (ENGLISH, FRENCH):
            if language.strip().split("-")[0] == texts.language and weight > best:
                preferred, best = texts, weight
    return preferred


def _weight(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
