// All messages of the dashboard. The first row names the languages: a language is one more column, and nothing else.
// A missing or empty column is as in English. `{name}` stands for a value; "|" separates singular and plural.

const TABLE = `
key=en=fr

title=Qarnot tasks=Tâches Qarnot
tasks=Tasks=Tâches
task=Task=Tâche
log=Log=Journal
console=Open in Qarnot’s console=Ouvrir dans la console Qarnot
loading=Loading=Chargement
refresh=Refresh=Actualiser
fullscreen=Full screen=Plein écran
inline=Leave full screen=Quitter le plein écran
showAll=Show all=Tout afficher
tryAgain=Try again=Réessayer
cancel=Cancel=Annuler

live=Live=En direct
still=Up to date=À jour
lost=No connection=Hors connexion
lostTitle=The server does not answer.=Le serveur ne répond pas.
lostText=This is what was known last.=Voici le dernier état connu.
toolCancelled=The call was cancelled.=L’appel a été annulé.

queued=Queued=En attente
booting=Booting=Démarrage
running=Running=En cours
uploading=Uploading=Envoi
stopping=Stopping=Arrêt
success=Success=Réussie
failure=Failed=Échec
cancelled=Cancelled=Annulée
runningCount={count} running={count} en cours
succeededCount={count} done={count} réussie|{count} réussies
failedCount={count} failed={count} échouée|{count} échouées
cancelledCount={count} cancelled={count} annulée|{count} annulées
waitingCount={count} waiting={count} en attente

countTasks={count} task|{count} tasks={count} tâche|{count} tâches
countActive={count} active={count} active|{count} actives
creditsLeft={amount} € left={amount} € restants
weekCarbon={carbon} g CO₂e this week={carbon} g CO₂e cette semaine
weekSaved={saved} g saved={saved} g évités
filter=Filter by name, profile or tag=Filtrer par nom, profil ou étiquette
tag=Tag=Étiquette
all=All=Toutes
active=Active=Actives
finished=Finished=Terminées
failed=Failed=Échouées
noTasks=No tasks yet=Aucune tâche
noMatch=No task matches these filters.=Aucune tâche ne correspond à ces filtres.
clearFilters=Clear the filters=Effacer les filtres
more=Show more=Afficher plus
name=Name=Nom
state=State=État
progress=Progress=Avancement
instances=Instances
created=Created=Créée
duration=Duration=Durée
inPool=in a pool=dans un pool

timeline=Timeline=Chronologie
estimated=Estimated=Estimation
countInstances={count} instance|{count} instances
restCount={count} more not drawn={count} de plus, non dessinées
barsNote=Where a bar starts is estimated. Its number opens the log.=Le début d’une barre est estimé. Son numéro ouvre le journal.
instance=Instance {id}
peak=peak {memory}=pic {memory}
attempts={count} attempt|{count} attempts={count} essai|{count} essais
whyFailed=Why it failed=Pourquoi cet échec
failedGroup=Instance {ids} failed.|Instances {ids} failed.=L’instance {ids} a échoué.|Les instances {ids} ont échoué.
lastLines=Last lines of {ids}=Dernières lignes de {ids}
logOf=Log of instance {id}=Journal de l’instance {id}
energy=Energy=Énergie
savedCarbon={percent} less carbon={percent} de carbone en moins
consumed_wh=Used=Consommée
reused_heat_wh=Heat reused=Chaleur réutilisée
carbon_gco2eq=Carbon=Carbone
datacenter_carbon_gco2eq=In a data centre=Dans un centre de données
details=Details=Détails
ended=Ended=Terminée
computed=Computed=Calcul
scheduling_type=Scheduling=Ordonnancement
machine=Processor=Processeur
resource_buckets=Resources=Ressources
result_bucket=Result bucket=Bucket de résultats
results_count=Results=Résultats
shortname=Short name=Nom court
pool_uuid=Pool
job_uuid=Job
constants=Constants=Constantes

abort=Abort=Interrompre
delete=Delete=Supprimer
again=Run again=Relancer
abortAsk=Abort “{name}”?=Interrompre « {name} » ?
deleteAsk=Delete “{name}”?=Supprimer « {name} » ?
againAsk=Run “{name}” again?=Relancer « {name} » ?
abortText=What it has computed so far may be lost.=Ce qui est déjà calculé peut être perdu.
deleteText=Its log goes with it. Buckets stay.=Son journal disparaît avec elle. Les buckets restent.
againText=A new task, which costs credits.=Une nouvelle tâche, qui consomme des crédits.
abortDone=“{name}” is being stopped.=« {name} » est en cours d’arrêt.
deleteDone=“{name}” is deleted.=« {name} » est supprimée.
againDone=“{name}” is submitted.=« {name} » est soumise.
ranges=Instances (ranges)=Instances (plages)
hidden=Hidden: kept unless you type another=Masqué : conservé, sauf nouvelle saisie

lists=Lists=Listes
jobs=Jobs
pools=Pools
countJobs={count} job|{count} jobs
countPools={count} pool|{count} pools
noJobs=No jobs yet=Aucun job
noPools=No pools yet=Aucun pool
open=Open=Ouvert
completed=Completed=Terminé
closed=Closed=Fermé
never=Never ran=Jamais lancée
age=Age=Âge
timeLimit=Time limit=Durée limite
ordered=tasks in order=tâches ordonnées
countMachines={count} machine|{count} machines
unfinishedCount={count} waiting or running=en attente ou en cours : {count}
stepsOf=Steps of {name}=Étapes de {name}
after=after {awaited}=après {awaited}
onSuccess=success=succès
onFailure=failure=échec
onCancelled=cancelled=annulation
onAny=any end=toute fin
terminate=Terminate=Arrêter
terminateAsk=Terminate “{name}”?=Arrêter « {name} » ?
closeAsk=Close “{name}”?=Fermer « {name} » ?
terminateText=Its tasks that wait or run are stopped; what they have computed may be lost.=Ses tâches en attente ou en cours sont arrêtées ; leurs calculs peuvent être perdus.
closeText=Its cost ends, for good. Tasks that wait or run in it are cancelled.=Il ne coûtera plus rien et ne rouvrira pas. Ses tâches en attente ou en cours sont annulées.
terminateDone=“{name}” is being terminated.=« {name} » est en cours d’arrêt.
closeDone=“{name}” is being closed.=« {name} » est en cours de fermeture.

files=Files=Fichiers
upload=Upload=Envoyer
link=Link=Lien
linkTo=Link to {path}=Lien vers {path}
showFile=Show {path}=Afficher {path}
endOf=End of {path}=Fin de {path}
close=Close=Fermer

stream=Stream=Flux
oneInstance=Instance
allInstances=All instances=Toutes les instances
search=Search (Enter: the whole log)=Rechercher (Entrée : tout le journal)
matches={count} match|{count} matches={count} résultat|{count} résultats
foundLines={count} line matches|{count} lines match={count} ligne correspond|{count} lignes correspondent
backToLog=Back to the log=Retour au journal
linesAbove={count} line above|{count} lines above={count} ligne au-dessus|{count} lignes au-dessus
earlier=Earlier=Plus tôt
emptyLog=Nothing was written here.=Rien n’a été écrit ici.
emptySoFar=Nothing written yet.=Rien d’écrit pour l’instant.
linesOf=Lines of {stream}=Lignes de {stream}
countLines={count} line|{count} lines={count} ligne|{count} lignes
toEnd=To the end=Aller à la fin
following=Following=Suivi en direct
paused=Following paused=Suivi en pause
logEnded=Ended=Terminé
`;

const [[, ...languages], ...rows] = TABLE.trim()
  .split(/\n+/)
  .map((line) => line.split("="));

/** The languages, the one that others fall back to first. */
export const LANGUAGES = languages;

/** The messages of a language by their key. */
export const messagesIn = (language) =>
  Object.fromEntries(rows.map(([key, ...texts]) => [key, texts[languages.indexOf(language)] || texts[0]]));
